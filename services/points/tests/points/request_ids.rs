use crate::brand::{brand, reason};

/// Retry after 30 minutes doubled: keys were kept 30 minutes.
#[tokio::test]
async fn the_same_request_days_later_gets_the_first_answer() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let request = brand.redeem_request(&member, 60);
    let first = brand
        .points()
        .redeem_points(request.clone())
        .await
        .unwrap()
        .into_inner();
    brand.earn(&member, 1_000, 0).await;
    brand.pass_days(400).await;
    let again = brand.points().redeem_points(request).await.unwrap().into_inner();
    assert_eq!(again, first);
    assert_eq!(brand.balance(&member).await, 1_040);
}

#[tokio::test]
async fn the_same_id_with_another_content_is_refused() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let request = brand.redeem_request(&member, 60);
    brand.points().redeem_points(request.clone()).await.unwrap();
    let other = contracts_points::v1::RedeemPointsRequest { amount: 30, ..request };
    assert_eq!(
        reason(&brand.points().redeem_points(other).await.unwrap_err()),
        "REQUEST_ID_REUSED"
    );
    assert_eq!(brand.balance(&member).await, 40);
}

/// A refusal is not remembered: it is decided afresh.
#[tokio::test]
async fn a_refused_request_may_be_repeated_when_the_state_has_changed() {
    let brand = brand().await;
    let member = brand.member();
    let request = brand.redeem_request(&member, 60);
    assert!(brand.points().redeem_points(request.clone()).await.is_err());
    brand.earn(&member, 100, 0).await;
    brand.points().redeem_points(request).await.unwrap();
    assert_eq!(brand.balance(&member).await, 40);
}

#[tokio::test]
async fn one_request_sent_many_times_at_once_has_one_effect_and_one_answer() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let request = brand.redeem_request(&member, 10);
    let calls = (0..16).map(|_| {
        let (mut points, request) = (brand.points(), request.clone());
        tokio::spawn(async move { points.redeem_points(request).await.unwrap().into_inner() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(brand.balance(&member).await, 90);
    brand.check().await;
}
