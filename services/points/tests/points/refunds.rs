use contracts_points::v1::*;
use contracts_tagging::v1::Activity;

use crate::brand::{brand, order_rule};

/// Refund at today's rate, not the rate of the earn.
#[tokio::test]
async fn a_refund_takes_back_by_the_rule_that_earned_not_by_today_s() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    brand.earn(&member, 5_000, 0).await;
    let tenfold = EarningRule {
        amount_formula: "activity.amount / 10".to_owned(),
        ..EarningRule::default()
    };
    brand.update_rule("base", tenfold, &["amount_formula"]).await.unwrap();
    brand.refund(&member, "order-1", "refund-1", 5_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 5_050);
    let reversal = &brand.entries(&member, "points").await[0];
    assert_eq!((reversal.kind(), reversal.amount), (EntryKind::EarnReversal, -50));
    assert_eq!(reversal.earned_by.as_ref().unwrap().rule_version, 1);
    brand.check().await;
}

/// Second partial refund ignored, or over-revoked.
#[tokio::test]
async fn partial_refunds_take_the_share_of_the_money_and_never_more_than_was_earned() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("100")).await;
    brand.pay(&member, "order-1", 30_000);
    brand.h.settle().await;
    for (refund, left) in [(10_000, 67), (10_000, 34), (9_999, 1), (1, 0), (5_000, 0)] {
        let number = format!("refund-{left}-{refund}");
        brand.refund(&member, "order-1", &number, refund);
        brand.h.settle().await;
        assert_eq!(brand.balance(&member).await, left);
    }
    brand.check().await;
}

/// Earn, spend, refund in parts, in every order of the events: nothing minted, nothing lost.
#[tokio::test]
async fn refunds_in_any_order_leave_the_same_balance() {
    #[derive(Clone, Copy)]
    enum Told {
        Pay,
        Refund(&'static str, i64),
        Pause,
    }
    use Told::{Pause, Pay, Refund};
    let orders = [
        vec![Pay, Refund("r1", 2_500), Refund("r2", 5_000)],
        vec![Refund("r1", 2_500), Pay, Refund("r2", 5_000)],
        vec![Refund("r2", 5_000), Refund("r1", 2_500), Pay],
        vec![Refund("r2", 5_000), Pause, Refund("r1", 2_500), Pause, Pay],
        vec![Pay, Pause, Refund("r2", 5_000), Pause, Refund("r1", 2_500)],
        vec![Refund("r1", 2_500), Pause, Pay, Pause, Refund("r2", 5_000)],
    ];
    let brand = brand().await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    for (case, told) in orders.into_iter().enumerate() {
        let (member, order) = (brand.member(), format!("order-{case}"));
        for it in told {
            match it {
                Pay => brand.pay(&member, &order, 10_000),
                Refund(number, amount) => brand.refund(&member, &order, &format!("{number}-{case}"), amount),
                Pause => brand.h.settle().await,
            }
        }
        brand.h.settle().await;
        assert_eq!(brand.balance(&member).await, 25);
    }
    brand.check().await;
}

#[tokio::test]
async fn a_refund_takes_within_the_balance_and_the_next_one_asks_again() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    brand.redeem(&member, 80).await.unwrap();
    brand.refund(&member, "order-1", "refund-1", 5_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 0, "20 of 50 were there");
    brand.earn(&member, 200, 0).await;
    brand.refund(&member, "order-1", "refund-2", 5_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 120, "the other 80 of 100");
    brand.check().await;
}

#[tokio::test]
async fn a_refund_without_an_amount_is_of_the_whole_order_and_another_channel_s_order_is_another() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&member, "order-1", 10_000);
    let elsewhere = brand.activity(&member, "order_paid", "order-1", 700);
    brand.tell(Activity {
        channel_code: "pos".to_owned(),
        ..elsewhere
    });
    let refund = brand.activity(&member, "order_refunded", "refund-1", 0);
    brand.tell(Activity {
        amount: None,
        refunded_source_id: "order-1".to_owned(),
        ..refund
    });
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 7);
    brand.check().await;
}
