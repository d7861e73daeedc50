//! What expires when an account has not moved.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, reason};

/// A brand whose points expire after so many days without a movement.
async fn fading(days: i32) -> Brand {
    let brand = brand().await;
    let rule = expiry_policy::Rule::AfterInactivity(ExpireAfterInactivity { days });
    let policy = Asset {
        expiry_policy: Some(ExpiryPolicy { rule: Some(rule) }),
        ..Asset::default()
    };
    brand.set_points(policy, "expiry_policy").await;
    brand
}

#[tokio::test]
async fn any_movement_extends_all_lots_and_without_one_all_expire() {
    let brand = fading(10).await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.pass_days(8).await;
    brand.redeem(&member, 10).await.unwrap();
    brand.pass_days(8).await;
    brand.earn(&member, 5, 0).await;
    brand.pass_days(8).await;
    let hold = brand.hold(&member, 20, 2_592_000).await.unwrap();
    brand.pass_days(10).await;
    assert_eq!(brand.balance(&member).await, 75, "no day is shorter than 24 hours");
    let balance = brand.balance_of(&member, "points").await;
    assert_eq!(balance.expiring_soon, 75);
    assert!(balance.next_expire_time.is_some());
    brand.pass_days(1).await;
    let balance = brand.balance_of(&member, "points").await;
    assert_eq!(
        (balance.available, balance.held),
        (0, 20),
        "what is held does not expire with the rest"
    );
    let entries = brand.entries(&member, "points").await;
    assert_eq!((entries[0].kind(), entries[0].amount), (EntryKind::Expire, -75));
    assert_eq!(entries[0].lots.len(), 2);
    brand.release(&hold.hold_id).await.unwrap();
    assert_eq!(brand.balance(&member).await, 20, "a release is a movement");
    brand.pass_days(11).await;
    assert_eq!(brand.balance(&member).await, 0);
    let before = brand.entries(&member, "points").await.len();
    brand.pass_days(40).await;
    assert_eq!(
        brand.entries(&member, "points").await.len(),
        before,
        "nothing expires twice"
    );
    brand.check().await;
}

#[tokio::test]
async fn what_has_been_idle_for_too_long_is_gone_before_anybody_has_posted_it() {
    let brand = fading(10).await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let spent = brand.redeem(&member, 40).await.unwrap();
    brand.turn_days(11);
    let balance = brand.balance_of(&member, "points").await;
    assert_eq!(
        (balance.available, balance.expiring_soon, balance.next_expire_time),
        (0, 0, None)
    );
    assert_eq!(brand.lots(&member).await, []);
    assert_eq!(
        reason(&brand.redeem(&member, 1).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    brand.check().await;
    let back = brand.reverse(&spent, 0).await.unwrap();
    assert_eq!(
        (back.entry.unwrap().balance, back.balance, back.expired_amount),
        (40, 40, 0),
        "the rest expired before; what comes back is a movement and lives"
    );
    brand.earn(&member, 5, 0).await;
    assert_eq!(brand.balance(&member).await, 45);
    brand.check().await;
}

#[tokio::test]
async fn a_gift_moves_both_and_revives_nothing() {
    let brand = fading(10).await;
    let (giver, receiver) = (brand.member(), brand.member());
    brand.earn(&receiver, 7, 0).await;
    brand.pass_days(6).await;
    brand.earn(&giver, 100, 0).await;
    brand.turn_days(5);
    brand.transfer(&giver, &receiver, 30).await.unwrap();
    assert_eq!((brand.balance(&giver).await, brand.balance(&receiver).await), (70, 30));
    let kinds: Vec<EntryKind> = brand
        .entries(&receiver, "points")
        .await
        .iter()
        .map(Entry::kind)
        .collect();
    assert_eq!(kinds, [EntryKind::TransferIn, EntryKind::Expire, EntryKind::Earn]);
    brand.check().await;
}

#[tokio::test]
async fn an_account_of_many_lots_expires_whole_and_a_merged_one_is_the_survivor_s() {
    let brand = fading(10).await;
    let (old, new) = (brand.member(), brand.member());
    for _ in 0..70 {
        brand.earn(&old, 1, 0).await;
    }
    brand.earn(&new, 1, 0).await;
    brand.pass_days(5).await;
    brand.merge(&old, &new);
    brand.h.settle().await;
    brand.pass_days(10).await;
    assert_eq!(brand.balance(&new).await, 71, "the move is a movement");
    brand.pass_days(1).await;
    assert_eq!(brand.balance(&new).await, 0);
    assert_eq!(brand.entries(&new, "points").await[0].lots.len(), 71);
    brand.check().await;
}
