//! Caps of members and budgets of rules: never overdrawn, and given back by refunds.

use contracts_points::v1::earning_amount::Kind;
use contracts_points::v1::*;
use contracts_tagging::v1::Activity;

use crate::brand::{brand, order_rule};
use crate::multiplying::amount_rule;

fn capped(points: i64, caps: (i64, i64, i64), budget: i64) -> EarningRule {
    let (member_day, member_month, member_total) = caps;
    EarningRule {
        caps: Some(EarningCaps {
            member_day,
            member_month,
            member_total,
        }),
        budget,
        ..amount_rule(Kind::Fixed(points))
    }
}

#[tokio::test]
async fn a_cap_is_earned_in_part_and_opens_again_with_its_period() {
    let brand = brand().await;
    let (member, other) = (brand.member(), brand.member());
    brand.create_rule("base", capped(70, (100, 0, 350), 0)).await;
    for order in 0..3 {
        brand.pay(&member, &format!("order-{order}"), 100);
        brand.h.settle().await;
    }
    brand.pay(&other, "order-other", 100);
    brand.h.settle().await;
    assert_eq!((brand.balance(&member).await, brand.balance(&other).await), (100, 70));
    let mut expected = 100;
    for day in 1..5 {
        brand.pass_days(1).await;
        for order in 0..3 {
            brand.pay(&member, &format!("order-{day}-{order}"), 100);
        }
        brand.h.settle().await;
        expected = (expected + 100).min(350);
        assert_eq!(brand.balance(&member).await, expected, "all in one batch");
    }
    brand.check().await;
}

/// Awards <= budget, at any concurrency and whatever is repeated.
#[tokio::test]
async fn a_budget_is_never_overdrawn() {
    let brand = brand().await;
    brand.create_rule("base", capped(7, (0, 0, 0), 1_000)).await;
    let members: Vec<String> = (0..40).map(|_| brand.member()).collect();
    for order in 0..200 {
        let activity = brand.activity(&members[order % 40], "order_paid", &format!("order-{order}"), 100);
        brand.tell(activity.clone());
        brand.tell(activity);
    }
    brand.h.settle().await;
    assert_eq!(
        brand.count("SELECT CAST(SUM(balance) AS BIGINT) FROM account").await,
        1_000
    );
    assert_eq!(brand.count("SELECT used FROM rule_budget").await, 1_000);
    let more = capped(7, (0, 0, 0), 1_003);
    let updated = brand.update_rule("base", more, &["budget"]).await.unwrap();
    assert_eq!((updated.budget, updated.budget_used), (1_003, 1_000));
    brand.pay(&members[0], "order-late", 100);
    brand.h.settle().await;
    assert_eq!(brand.count("SELECT used FROM rule_budget").await, 1_003);
    brand.check().await;
}

/// Budget overdrawn on the revert path: what a refund takes back comes back to cap and budget, and no more.
#[tokio::test]
async fn a_refund_gives_back_what_it_took_to_the_cap_and_the_budget() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", capped(100, (100, 100, 0), 100)).await;
    let used = async || {
        (
            brand.count("SELECT CAST(SUM(used) AS BIGINT) FROM rule_counter").await,
            brand.count("SELECT used FROM rule_budget").await,
        )
    };
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    assert_eq!(used().await, (200, 100));
    brand.turn_days(1);
    brand.refund(&member, "order-1", "refund-1", 2_500);
    brand.refund(&member, "order-1", "refund-2", 2_500);
    brand.h.settle().await;
    assert_eq!(used().await, (100, 50), "of the day of the order, not of today");
    brand.redeem(&member, 40).await.unwrap();
    brand.refund(&member, "order-1", "refund-3", 5_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 0);
    assert_eq!(
        used().await,
        (80, 40),
        "what the balance did not reach was earned after all"
    );
    brand.pay(&member, "order-2", 10_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 60);
    assert_eq!(used().await.1, 100);
    brand.check().await;
}

/// Each fact delivered twice and out of order: same end state, counters included.
#[tokio::test]
async fn caps_end_the_same_in_whatever_order_order_and_refund_arrive() {
    let brand = brand().await;
    brand.create_rule("base", capped(100, (0, 0, 100), 0)).await;
    for (case, paid_first) in [true, false].into_iter().enumerate() {
        let (member, order) = (brand.member(), format!("order-{case}"));
        let paid = brand.activity(&member, "order_paid", &order, 10_000);
        let tell_paid = || {
            brand.tell(paid.clone());
            brand.tell(paid.clone());
        };
        if paid_first {
            tell_paid();
            brand.h.settle().await;
        }
        let refund = Activity {
            refunded_source_id: order.clone(),
            ..brand.activity(&member, "order_refunded", &format!("refund-{case}"), 4_000)
        };
        brand.tell(refund.clone());
        brand.tell(refund.clone());
        brand.h.settle().await;
        tell_paid();
        brand.tell(refund);
        brand.h.settle().await;
        assert_eq!(brand.balance(&member).await, 60);
        brand.pay(&member, &format!("order-next-{case}"), 10_000);
        brand.h.settle().await;
        assert_eq!(brand.balance(&member).await, 100);
    }
    assert_eq!(brand.count("SELECT MIN(used) FROM rule_counter").await, 100);
    brand.check().await;
}

#[tokio::test]
async fn a_merge_opens_no_cap_again() {
    let brand = brand().await;
    let (absorbed, survivor) = (brand.member(), brand.member());
    brand.create_rule("base", capped(60, (0, 0, 100), 0)).await;
    brand.pay(&absorbed, "order-1", 100);
    brand.pay(&survivor, "order-2", 100);
    brand.h.settle().await;
    brand.merge(&absorbed, &survivor);
    brand.h.settle().await;
    brand.pay(&absorbed, "order-3", 100);
    brand.pay(&survivor, "order-4", 100);
    brand.h.settle().await;
    assert_eq!(brand.balance(&survivor).await, 120, "60 + 60 are more than 100 already");
    brand.refund(&absorbed, "order-1", "refund-1", 100);
    brand.h.settle().await;
    brand.pay(&survivor, "order-5", 100);
    brand.h.settle().await;
    assert_eq!(brand.balance(&survivor).await, 100, "60 came back, 40 were left");
    brand.check().await;
}

/// An earn that the ledger refuses takes nothing from the caps.
#[tokio::test]
async fn a_refused_earn_leaves_the_cap() {
    let brand = brand().await;
    let full = brand.full().await;
    brand.create_rule("base", capped(60, (0, 0, 100), 1_000)).await;
    brand.pay(&full, "order-1", 100);
    brand.h.settle().await;
    assert_eq!(brand.count("SELECT used FROM rule_budget").await, 0);
    assert_eq!(brand.count("SELECT used FROM rule_counter").await, 0);
    brand.redeem(&full, 1_000_000_000_000_000_000).await.unwrap();
    brand.pay(&full, "order-2", 100);
    brand.pay(&full, "order-3", 100);
    brand.h.settle().await;
    assert_eq!(brand.balance(&full).await, 100);
}

/// The cost of a write does not grow with history: counters are found by their key.
#[tokio::test]
async fn a_rule_without_caps_counts_nothing() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("5")).await;
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    assert_eq!(brand.count("SELECT COUNT(*) FROM rule_counter").await, 0);
    assert_eq!(brand.count("SELECT COUNT(*) FROM rule_budget").await, 0);
}
