use contracts_points::v1::*;

use crate::brand::{brand, mask, reason};

#[tokio::test]
async fn a_spend_comes_back_to_the_very_lots_in_parts() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 50, 10).await;
    brand.earn(&member, 100, 300).await;
    let before = brand.lots(&member).await;
    let redeem = brand.redeem(&member, 120).await.unwrap();
    let first = brand.reverse(&redeem, 80).await.unwrap();
    assert_eq!(
        (first.balance, first.reversible_amount, first.expired_amount),
        (110, 40, 0)
    );
    let back: Vec<i64> = first
        .entry
        .as_ref()
        .unwrap()
        .lots
        .iter()
        .map(|part| part.amount)
        .collect();
    assert_eq!(back, [70, 10], "what expires last comes back first");
    assert_eq!(first.entry.unwrap().reversed_entry_id, redeem.entry_id);
    brand.reverse(&redeem, 0).await.unwrap();
    assert_eq!(brand.lots(&member).await, before);
    brand.check().await;
}

#[tokio::test]
async fn what_expired_meanwhile_comes_back_and_expires_at_once() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 30, 1).await;
    brand.earn(&member, 40, 9).await;
    let redeem = brand.redeem(&member, 70).await.unwrap();
    brand.pass_days(2).await;
    let answer = brand.reverse(&redeem, 0).await.unwrap();
    assert_eq!(
        (answer.entry.unwrap().amount, answer.balance, answer.expired_amount),
        (70, 40, 30)
    );
    assert_eq!(brand.balance(&member).await, 40);
    let kinds: Vec<i32> = brand
        .entries(&member, "points")
        .await
        .iter()
        .map(|entry| entry.kind)
        .take(2)
        .collect();
    assert_eq!(
        kinds,
        [i32::from(EntryKind::Expire), i32::from(EntryKind::RedeemReversal)]
    );
    brand.check().await;
}

#[tokio::test]
async fn with_grace_what_expired_meanwhile_comes_back_as_a_new_lot() {
    let brand = brand().await;
    let request = UpdateAssetRequest {
        request_id: brand.request_id(),
        code: "points".to_owned(),
        asset: Some(Asset {
            reversal_grace_days: 7,
            ..Asset::default()
        }),
        update_mask: Some(mask(&["reversal_grace_days"])),
        etag: String::new(),
    };
    brand.assets().update_asset(request).await.unwrap();
    let member = brand.member();
    brand.earn(&member, 30, 1).await;
    brand.earn(&member, 40, 9).await;
    let redeem = brand.redeem(&member, 70).await.unwrap();
    brand.pass_days(2).await;
    let first = brand.reverse(&redeem, 50).await.unwrap();
    let lots = first.entry.as_ref().unwrap().lots.clone();
    assert_eq!(lots.iter().map(|part| part.amount).collect::<Vec<_>>(), [40, 10]);
    let second = brand.reverse(&redeem, 0).await.unwrap();
    assert_eq!(
        (second.balance, second.expired_amount, second.reversible_amount),
        (70, 0, 0)
    );
    let listed = &brand.entries(&member, "points").await[0];
    assert_eq!(
        listed,
        second.entry.as_ref().unwrap(),
        "a new lot is listed as it was answered"
    );
    brand.check().await;
    brand.pass_days(20).await;
    assert_eq!(brand.balance(&member).await, 0);
    brand.check().await;
}

#[tokio::test]
async fn an_earn_is_taken_back_within_the_balance() {
    let brand = brand().await;
    let member = brand.member();
    let earn = brand.earn(&member, 100, 0).await;
    brand.redeem(&member, 70).await.unwrap();
    let answer = brand.reverse(&earn, 0).await.unwrap();
    assert_eq!(
        (
            answer.entry.unwrap().amount,
            answer.missing_amount,
            answer.reversible_amount
        ),
        (-30, 70, 70)
    );
    assert_eq!(
        reason(&brand.reverse(&earn, 0).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    brand.earn(&member, 500, 0).await;
    assert_eq!(brand.reverse(&earn, 0).await.unwrap().balance, 430);
    assert_eq!(
        reason(&brand.reverse(&earn, 1).await.unwrap_err()),
        "REVERSAL_EXCEEDS_ENTRY"
    );
    brand.check().await;
}

#[tokio::test]
async fn only_the_member_s_own_earns_and_redeems_are_reversed() {
    let brand = brand().await;
    let (member, stranger) = (brand.member(), brand.member());
    brand.earn(&member, 100, 0).await;
    let redeem = brand.redeem(&member, 60).await.unwrap();
    assert_eq!(
        reason(&brand.reverse_as(&stranger, &redeem.entry_id, 10).await.unwrap_err()),
        "NOT_FOUND"
    );
    let reversal = brand.reverse(&redeem, 10).await.unwrap().entry.unwrap();
    assert_eq!(
        reason(&brand.reverse(&reversal, 10).await.unwrap_err()),
        "ENTRY_NOT_REVERSIBLE"
    );
    assert_eq!(
        reason(&brand.reverse(&redeem, 51).await.unwrap_err()),
        "REVERSAL_EXCEEDS_ENTRY"
    );
}
