use contracts_points::v1::*;

use crate::brand::{brand, order_rule, reason};

#[tokio::test]
async fn a_merge_moves_every_lot_and_the_old_id_leads_on() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 5).await;
    brand.earn(&old, 40, 9).await;
    brand.earn_of(&old, "growth", 11).await.unwrap();
    brand.earn(&new, 5, 1).await;
    let spent = brand.redeem(&old, 35).await.unwrap();
    let lots: Vec<String> = brand.lots(&old).await.into_iter().map(|lot| lot.lot_id).collect();
    brand.merge(&old, &new);
    brand.h.settle().await;

    assert_eq!(
        (brand.balance(&new).await, brand.balance(&old).await),
        (40, 40),
        "both ids are one member"
    );
    assert_eq!(brand.balance_of(&old, "growth").await.member_id, new);
    assert_eq!(brand.balance_of(&new, "growth").await.available, 11);
    let moved: Vec<String> = brand.lots(&new).await.into_iter().map(|lot| lot.lot_id).collect();
    assert_eq!(moved[1..], lots[..], "the very lots moved");
    let (out, into) = (
        &brand.entries(&old, "points").await[0],
        &brand.entries(&new, "points").await[0],
    );
    assert_eq!((out.kind(), out.amount, out.balance), (EntryKind::MoveOut, -35, 0));
    assert_eq!((into.kind(), into.amount, into.balance), (EntryKind::MoveIn, 35, 40));
    assert_eq!((&out.counterpart_member_id, &into.counterpart_member_id), (&new, &old));

    let earn = brand.earn(&old, 1, 0).await;
    assert_eq!(
        earn.member_id, new,
        "a channel that knows the old id earns for the new one"
    );
    let back = brand.reverse_as(&new, &spent.entry_id, 0).await.unwrap();
    assert_eq!(
        back.balance, 76,
        "the survivor gets back what the absorbed member spent"
    );
    assert_eq!(
        reason(&brand.reverse_as(&old, &spent.entry_id, 1).await.unwrap_err()),
        "REVERSAL_EXCEEDS_ENTRY"
    );
    brand.check().await;
}

#[tokio::test]
async fn merges_may_chain_and_be_told_twice() {
    let brand = brand().await;
    let (a, b, c, d) = (brand.member(), brand.member(), brand.member(), brand.member());
    for (member, amount) in [(&a, 1), (&b, 10), (&c, 100), (&d, 1_000)] {
        brand.earn(member, amount, 0).await;
    }
    brand.merge(&a, &b);
    brand.merge(&b, &c);
    brand.merge(&d, &a);
    brand.merge(&a, &b);
    brand.h.settle().await;
    brand.merge(&a, &b);
    brand.h.settle().await;
    for member in [&a, &b, &c, &d] {
        assert_eq!(brand.balance(member).await, 1_111);
    }
    brand.check().await;
    let moved = brand
        .h
        .published()
        .await
        .iter()
        .filter(|fact| fact.kind == "points.moved")
        .count();
    assert_eq!(moved, 3);
}

#[tokio::test]
async fn what_is_due_at_a_merge_expires_before_it() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 1).await;
    brand.earn(&old, 40, 9).await;
    brand.turn_days(1);
    brand.merge(&old, &new);
    brand.h.settle().await;
    assert_eq!(brand.balance(&new).await, 40);
    brand.check().await;
}

#[tokio::test]
async fn activities_and_refunds_of_the_absorbed_member_count_for_the_survivor() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&old, "order-1", 10_000);
    brand.h.settle().await;
    brand.merge(&old, &new);
    brand.h.settle().await;
    brand.pay(&old, "order-2", 1_000);
    brand.refund(&old, "order-1", "refund-1", 2_500);
    brand.h.settle().await;
    assert_eq!(brand.balance(&new).await, 85);
    brand.check().await;
}

/// Merge under concurrent earn and spend.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_merge_in_the_midst_of_traffic_loses_and_mints_nothing() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 1_000, 0).await;
    brand.earn(&new, 1_000, 0).await;
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let member = if number % 2 == 0 { &old } else { &new };
            let (mut points, earn, redeem) = (
                brand.points(),
                brand.earn_request(member, "points", 7),
                brand.redeem_request(member, 3),
            );
            tokio::spawn(async move {
                points.earn_points(earn).await.unwrap();
                points.redeem_points(redeem).await.unwrap();
            })
        })
        .collect();
    brand.merge(&old, &new);
    brand.h.settle().await;
    for call in calls {
        call.await.unwrap();
    }
    brand.h.settle().await;
    assert_eq!(brand.balance(&new).await, 2_000 + 30 * 4);
    assert_eq!(brand.lots(&old).await, brand.lots(&new).await);
    brand.check().await;
}
