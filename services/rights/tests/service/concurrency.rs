//! Many at once: what the database holds whatever the timing.

use std::sync::Arc;

use contracts_rights::v1::*;
use fault::{Fault, Refusal};
use futures::future::join_all;
use tonic::Status;

use crate::brand::{Brand, brand, brand_with_ladder, issued, ten_off};

fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Option<Refusal> {
    match outcome.err().map(Fault::from_peer) {
        None => None,
        Some(Fault::Refused(refusal)) => Some(*refusal),
        Some(fault) => panic!("neither an answer nor a refusal: {fault:?}"),
    }
}

/// Runs a call for each number at once and answers how many were granted; every other one was refused for `reason`.
async fn granted<F, Work, T>(brand: Arc<Brand>, calls: usize, reason: &str, call: F) -> usize
where
    F: Fn(Arc<Brand>, usize) -> Work,
    Work: Future<Output = Result<T, Status>> + Send + 'static,
    T: std::fmt::Debug + Send + 'static,
{
    let tasks: Vec<_> = (0..calls)
        .map(|number| tokio::spawn(call(brand.clone(), number)))
        .collect();
    let outcomes = join_all(tasks)
        .await
        .into_iter()
        .map(|outcome| refused(outcome.unwrap()));
    let (granted, refused): (Vec<_>, Vec<_>) = outcomes.partition(Option::is_none);
    assert!(
        refused.iter().flatten().all(|refusal| refusal.reason == reason),
        "{refused:?}"
    );
    granted.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_coupon_on_fifty_parallel_orders_is_redeemed_once() {
    let brand = Arc::new(brand().await);
    brand.create(ten_off("june")).await.unwrap();
    let coupon = brand.one("june", &brand.member()).await.coupon_id;
    let id = coupon.clone();
    let redeemed = granted(brand.clone(), 50, "COUPON_REDEEMED", move |brand, number| {
        let id = id.clone();
        async move {
            brand
                .redeem(&format!("r{number}"), &id, &format!("T-{number}"), 5_000)
                .await
        }
    });
    assert_eq!(redeemed.await, 1);
    assert_eq!(brand.coupon(&coupon).await.state(), CouponState::Redeemed);
    let facts = brand.harness.published().await;
    assert_eq!(
        facts
            .iter()
            .filter(|fact| fact.kind == "rights.coupon_redeemed")
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_coupon_on_fifty_parallel_orders_is_locked_once() {
    let brand = Arc::new(brand().await);
    brand.create(ten_off("june")).await.unwrap();
    let coupon = brand.one("june", &brand.member()).await.coupon_id;
    let locked = granted(brand, 50, "COUPON_LOCKED", move |brand, number| {
        let id = coupon.clone();
        async move {
            brand
                .lock(&format!("l{number}"), &id, &format!("T-{number}"), 900)
                .await
        }
    });
    assert_eq!(locked.await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_request_in_sixteen_copies_at_once_has_one_effect_and_one_answer() {
    let brand = Arc::new(brand().await);
    brand
        .create(CouponTemplate {
            total_cap: Some(1),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let member = brand.member();
    let members = [member.as_str()];
    let issues = (0..16).map(|_| brand.issue("same", "june", &members));
    let answers: Vec<_> = join_all(issues).await.into_iter().map(Result::unwrap).collect();
    assert!(
        answers
            .iter()
            .all(|answer| *answer == answers[0] && answer.refused_count == 0)
    );
    let coupon = issued(&answers[0])[0].coupon_id.clone();

    let redemptions = (0..16).map(|_| brand.redeem("same", &coupon, "T-1", 5_000));
    let answers: Vec<_> = join_all(redemptions).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(brand.template("june").await.issued_count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_total_cap_holds_at_256_calls_at_once_of_several_coupons_each() {
    let brand = Arc::new(brand().await);
    brand
        .create(CouponTemplate {
            total_cap: Some(500),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let tasks = (0..256).map(|number| {
        let brand = brand.clone();
        tokio::spawn(async move {
            let members: Vec<String> = (0..3).map(|_| brand.member()).collect();
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            brand.issue(&format!("r{number}"), "june", &members).await.unwrap()
        })
    });
    let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let coupons: usize = answers.iter().map(|answer| issued(answer).len()).sum();
    let refused: i32 = answers.iter().map(|answer| answer.refused_count).sum();
    assert_eq!((coupons, refused), (500, 268));
    assert_eq!(brand.template("june").await.issued_count, 500);
    assert_eq!(brand.summary().await.coupon_templates[0].issued_count, 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cap_of_one_member_holds_at_256_calls_at_once() {
    let brand = Arc::new(brand().await);
    brand
        .create(CouponTemplate {
            member_cap: Some(5),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let member = brand.member();
    let tasks = (0..256).map(|number| {
        let (brand, member) = (brand.clone(), member.clone());
        tokio::spawn(async move { brand.issue(&format!("r{number}"), "june", &[&member]).await.unwrap() })
    });
    let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().map(|answer| issued(answer).len()).sum::<usize>(), 5);
    assert_eq!(brand.list(&member, None).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_item_in_many_calls_at_once_issues_one_coupon() {
    let brand = Arc::new(brand().await);
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let tasks = (0..64).map(|number| {
        let (brand, item) = (brand.clone(), crate::brand::item(&member, "run-1"));
        tokio::spawn(async move {
            brand
                .issue_items(&format!("r{number}"), "june", vec![item])
                .await
                .unwrap()
        })
    });
    let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert!(
        answers
            .iter()
            .all(|answer| issued(answer)[0].coupon_id == issued(&answers[0])[0].coupon_id)
    );
    assert_eq!(brand.list(&member, None).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_when_members_merge_while_they_earn_and_are_issued_coupons() {
    let brand = Arc::new(brand_with_ladder().await);
    brand.create(ten_off("june")).await.unwrap();
    let members: Vec<String> = (0..9).map(|_| brand.member()).collect();
    // Everybody is merged into the first member while coupons and points keep coming for all ids.
    let tasks = (0..90).map(|number| {
        let (brand, member) = (brand.clone(), members[number % 9].clone());
        tokio::spawn(async move { brand.issue(&format!("r{number}"), "june", &[&member]).await.unwrap() })
    });
    let tasks: Vec<_> = tasks.collect();
    for member in &members[1..] {
        brand.tell_earned(member, "growth", 20);
        brand.tell_merged(&members[0], member);
        brand.tell_earned(member, "growth", 5);
        brand.settle().await;
    }
    let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    brand.settle().await;
    assert_eq!(answers.iter().map(|answer| issued(answer).len()).sum::<usize>(), 90);
    assert_eq!(brand.list(&members[0], None).await.len(), 50);
    assert_eq!(brand.summary().await.coupon_templates[0].issued_count, 90);
    assert_eq!(brand.standing(&members[0]).await.growth_value, 200);
    let request = ListMemberCouponsRequest {
        member_id: members[0].clone(),
        page_size: 500,
        ..ListMemberCouponsRequest::default()
    };
    let all = brand
        .coupons()
        .list_member_coupons(request)
        .await
        .unwrap()
        .into_inner()
        .coupons;
    assert_eq!(all.len(), 90);
}
