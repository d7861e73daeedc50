//! What taking an earn back does where it was spent meanwhile.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, mask, order_rule, reason};

impl Brand {
    pub(crate) async fn set_points(&self, asset: Asset, path: &str) {
        let request = UpdateAssetRequest {
            request_id: self.request_id(),
            code: "points".to_owned(),
            asset: Some(asset),
            update_mask: Some(mask(&[path])),
            etag: String::new(),
        };
        self.assets().update_asset(request).await.unwrap();
    }

    pub(crate) async fn set_clawback(&self, policy: ClawbackPolicy) {
        let asset = Asset {
            clawback_policy: policy.into(),
            ..Asset::default()
        };
        self.set_points(asset, "clawback_policy").await;
    }

    /// What can be spent, and what is owed.
    pub(crate) async fn owing(&self, member: &str) -> (i64, i64) {
        let balance = self.balance_of(member, "points").await;
        (balance.available, balance.debt)
    }
}

/// Debt vanished when a clawback exceeded the balance: the loop stopped when the lots ran out.
#[tokio::test]
async fn what_a_clawback_does_not_reach_is_owed_and_the_next_earn_repays_it_first() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    let earn = brand.earn(&member, 100, 0).await;
    brand.redeem(&member, 30).await.unwrap();
    let reversed = brand.reverse(&earn, 0).await.unwrap();
    let entry = reversed.entry.unwrap();
    assert_eq!(
        (entry.amount, entry.debt_amount, entry.balance),
        (-70, 30, 0),
        "the entry says both"
    );
    assert_eq!(
        (
            reversed.debt_amount,
            reversed.missing_amount,
            reversed.reversible_amount
        ),
        (30, 0, 0)
    );
    assert_eq!(brand.owing(&member).await, (0, 30));
    assert_eq!(
        reason(&brand.reverse(&earn, 1).await.unwrap_err()),
        "REVERSAL_EXCEEDS_ENTRY",
        "never more than was earned"
    );

    let answer = brand
        .points()
        .earn_points(brand.earn_request(&member, "points", 100))
        .await
        .unwrap()
        .into_inner();
    let repayment = answer.repayment.unwrap();
    assert_eq!(
        (
            repayment.kind(),
            repayment.amount,
            repayment.debt_amount,
            repayment.balance
        ),
        (EntryKind::DebtRepayment, -30, -30, 70)
    );
    assert_eq!(repayment.lots[0].lot_id, answer.entry.unwrap().lots[0].lot_id);
    assert_eq!(brand.owing(&member).await, (70, 0));
    let answer = brand
        .points()
        .earn_points(brand.earn_request(&member, "points", 1))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.repayment, None, "what is repaid is repaid once");
    brand.check().await;
}

#[tokio::test]
async fn several_earns_repay_a_debt_that_each_is_too_small_for() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    let earn = brand.earn(&member, 100, 0).await;
    brand.redeem(&member, 100).await.unwrap();
    let entry = brand.reverse(&earn, 0).await.unwrap().entry.unwrap();
    assert_eq!((entry.amount, entry.debt_amount), (0, 100), "all of it is owed");
    for (amount, expected) in [(40, (0, 60)), (59, (0, 1)), (11, (10, 0))] {
        brand.earn(&member, amount, 0).await;
        assert_eq!(brand.owing(&member).await, expected);
        brand.check().await;
    }
    let told: Vec<String> = brand.h.published().await.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(told.iter().filter(|kind| *kind == "points.debt_repaid").count(), 3);
}

#[tokio::test]
async fn an_earn_that_repaid_can_itself_be_taken_back_once() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    let first = brand.earn(&member, 30, 0).await;
    brand.redeem(&member, 30).await.unwrap();
    brand.reverse(&first, 0).await.unwrap();
    let second = brand.earn(&member, 100, 0).await;
    assert_eq!(brand.owing(&member).await, (70, 0));
    brand.reverse(&second, 60).await.unwrap();
    brand.reverse(&second, 0).await.unwrap();
    assert_eq!(brand.owing(&member).await, (0, 30), "earned nothing, spent 30");
    assert!(brand.reverse(&second, 1).await.is_err());
    brand.check().await;
}

/// Otherwise a debt could be outlived by holding points, or by buying something and giving it back.
#[tokio::test]
async fn whatever_becomes_available_repays_not_only_an_earn() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    let earn = brand.earn(&member, 100, 0).await;
    let spent = brand.redeem(&member, 50).await.unwrap();
    let hold = brand.hold(&member, 50, 0).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    assert_eq!(brand.owing(&member).await, (0, 100), "what is held is not taken");
    brand.capture(&hold.hold_id, 10).await.unwrap();
    assert_eq!(
        brand.owing(&member).await,
        (0, 60),
        "the rest of the hold came back and repaid"
    );
    let back = brand.reverse(&spent, 0).await.unwrap();
    assert_eq!((back.entry.unwrap().amount, back.balance), (50, 0));
    assert_eq!(brand.owing(&member).await, (0, 10));
    brand.check().await;
}

#[tokio::test]
async fn with_the_policy_none_nothing_is_taken_back() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::None).await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let member = brand.member();
    let earn = brand.earn(&member, 5, 0).await;
    assert_eq!(
        reason(&brand.reverse(&earn, 0).await.unwrap_err()),
        "CLAWBACK_FORBIDDEN"
    );
    brand.pay(&member, "order-1", 10_000);
    brand.refund(&member, "order-1", "refund-1", 10_000);
    brand.h.settle().await;
    assert_eq!(brand.owing(&member).await, (105, 0));
    brand.check().await;
}

/// Second partial refund ignored, or over-revoked; in both orders of the events.
#[tokio::test]
async fn refunds_in_parts_owe_what_was_spent_and_never_more_than_was_earned() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let member = brand.member();
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    brand.redeem(&member, 80).await.unwrap();
    for (refund, amount, expected) in [
        ("refund-1", 2_500, (0, 5)),
        ("refund-2", 2_500, (0, 30)),
        ("refund-3", 5_000, (0, 80)),
        ("refund-4", 5_000, (0, 80)),
    ] {
        brand.refund(&member, "order-1", refund, amount);
        brand.h.settle().await;
        assert_eq!(brand.owing(&member).await, expected);
    }
    // The refund is told before its order.
    brand.refund(&member, "order-2", "refund-5", 5_000);
    brand.h.settle().await;
    brand.pay(&member, "order-2", 10_000);
    brand.h.settle().await;
    assert_eq!(
        brand.owing(&member).await,
        (0, 30),
        "of 100 earned, 80 and then 20 repaid; 50 taken back"
    );
    brand.check().await;
}

#[tokio::test]
async fn what_is_owed_moves_with_a_merge_and_the_survivor_repays_it() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let (old, new) = (brand.member(), brand.member());
    let earn = brand.earn(&old, 100, 0).await;
    brand.redeem(&old, 100).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    brand.earn(&new, 30, 5).await;
    brand.earn(&new, 90, 0).await;
    brand.merge(&old, &new);
    brand.h.settle().await;
    assert_eq!(brand.owing(&new).await, (20, 0));
    brand.check().await;
}

/// The next earn may come twice at once; the debt is repaid once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_earns_repay_a_debt_once() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    let earn = brand.earn(&member, 95, 0).await;
    brand.redeem(&member, 95).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    let earns: Vec<_> = (0..20)
        .map(|_| {
            let (mut points, request) = (brand.points(), brand.earn_request(&member, "points", 10));
            tokio::spawn(async move { points.earn_points(request).await.unwrap() })
        })
        .collect();
    for earn in earns {
        earn.await.unwrap();
    }
    assert_eq!(brand.owing(&member).await, (105, 0));
    brand.check().await;
}
