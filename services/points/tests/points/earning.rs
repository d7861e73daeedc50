use contracts::r#type::v1::Money;
use contracts_points::v1::*;
use contracts_tagging::v1::{Activity, ActivityItem};

use crate::brand::{brand, order_rule};

#[tokio::test]
async fn an_order_earns_by_every_rule_that_fits() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let growth = EarningRule {
        asset_code: "growth".to_owned(),
        ..order_rule("activity.amount / 10")
    };
    brand.create_rule("growth", growth).await;
    let jd = EarningRule {
        channel_codes: vec!["jd".to_owned()],
        ..order_rule("1000")
    };
    brand.create_rule("only_jd", jd).await;
    let big = EarningRule {
        condition: "activity.amount > 100000".to_owned(),
        ..order_rule("1000")
    };
    brand.create_rule("big_order", big).await;
    brand.pay(&member, "order-1", 12_345);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 123);
    assert_eq!(brand.balance_of(&member, "growth").await.available, 1_234);
    let entry = &brand.entries(&member, "points").await[0];
    let by = entry.earned_by.as_ref().unwrap();
    assert_eq!(
        (by.rule_code.as_str(), by.rule_version, by.inputs_digest.len()),
        ("base", 1, 64)
    );
    assert_eq!(entry.reference, "order-1");
    brand.check().await;
}

/// At-least-once delivery doubled awards.
#[tokio::test]
async fn an_activity_that_is_told_again_earns_once() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let activity = brand.activity(&member, "order_paid", "order-1", 10_000);
    brand.tell(activity.clone());
    brand.tell(activity.clone());
    brand.h.settle().await;
    brand.tell(activity);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 100);
    brand.check().await;
}

#[tokio::test]
async fn the_tier_of_the_member_counts() {
    let brand = brand().await;
    let (gold, plain) = (brand.member(), brand.member());
    brand
        .create_rule(
            "base",
            order_rule("activity.amount / 100 * (member.tier == \"gold\" ? 2 : 1)"),
        )
        .await;
    brand.promote(&gold, "silver");
    brand.promote(&gold, "gold");
    brand.h.settle().await;
    brand.pay(&gold, "order-1", 10_000);
    brand.pay(&plain, "order-2", 10_000);
    brand.h.settle().await;
    assert_eq!((brand.balance(&gold).await, brand.balance(&plain).await), (200, 100));
}

#[tokio::test]
async fn items_and_attributes_count() {
    let brand = brand().await;
    let member = brand.member();
    let per_gift = "sum(activity.items.filter(i, i.category == \"gift\").map(i, i.quantity)) * 10";
    brand.create_rule("gifts", order_rule(per_gift)).await;
    let live = EarningRule {
        condition: "activity.attributes[\"scene\"] == \"live\"".to_owned(),
        ..order_rule("7")
    };
    brand.create_rule("live", live).await;
    let item = |category: &str, quantity| ActivityItem {
        sku: "sku".to_owned(),
        quantity,
        amount: Some(Money {
            currency_code: "CNY".to_owned(),
            minor_units: 100,
        }),
        category: category.to_owned(),
        line_id: String::new(),
    };
    brand.tell(Activity {
        items: vec![item("gift", 2), item("food", 5), item("gift", 1)],
        attributes: [("scene".to_owned(), "live".to_owned())].into(),
        ..brand.activity(&member, "order_paid", "order-1", 800)
    });
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 37);
}

/// A rule whose formula fails harms nobody else.
#[tokio::test]
async fn a_failing_rule_fails_alone() {
    let brand = brand().await;
    let member = brand.member();
    brand
        .create_rule("broken", order_rule("1000 / (activity.amount - 10000)"))
        .await;
    brand
        .create_rule("huge", order_rule("activity.amount * 9223372036854775807"))
        .await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 100);
}

/// A balance that cannot hold more refuses its earn and no other.
#[tokio::test]
async fn a_full_account_refuses_itself_only() {
    let brand = brand().await;
    let (full, other) = (brand.full().await, brand.member());
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&full, "order-1", 10_000);
    brand.pay(&other, "order-2", 10_000);
    brand.h.settle().await;
    assert_eq!(
        (brand.balance(&full).await, brand.balance(&other).await),
        (1_000_000_000_000_000_000, 100)
    );
}

/// "All members" grant wrote one ledger row: a bulk shortcut.
#[tokio::test]
async fn a_thousand_activities_are_a_thousand_entries() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let growth = EarningRule {
        asset_code: "growth".to_owned(),
        ..order_rule("activity.amount")
    };
    brand.create_rule("growth", growth).await;
    let members: Vec<String> = (0..300).map(|_| brand.member()).collect();
    for order in 0..1_000 {
        brand.pay(&members[order % 300], &format!("order-{order}"), 1_000);
    }
    brand.h.settle().await;
    assert_eq!(brand.count("SELECT COUNT(*) FROM entry").await, 2_000);
    assert_eq!(
        (brand.balance(&members[0]).await, brand.balance(&members[299]).await),
        (40, 30)
    );
    let liability = brand
        .ledger()
        .get_liability(GetLiabilityRequest {
            asset_code: "growth".to_owned(),
        })
        .await;
    let liability = liability.unwrap().into_inner();
    assert_eq!(
        (liability.issued, liability.outstanding, liability.entry_count),
        (1_000_000, 1_000_000, 1_000)
    );
    brand.check().await;
}
