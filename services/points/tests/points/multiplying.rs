//! Amounts without a formula, multipliers, and what becomes of them.

use contracts::r#type::v1::Money;
use contracts_points::v1::earning_amount::Kind;
use contracts_points::v1::earning_per_item::Worth;
use contracts_points::v1::*;
use contracts_tagging::v1::{Activity, ActivityItem};

use crate::brand::{Brand, brand, order_rule, reason};

/// A rule in force: what an order pays earns this.
pub(crate) fn amount_rule(kind: Kind) -> EarningRule {
    EarningRule {
        amount: Some(EarningAmount { kind: Some(kind) }),
        ..order_rule("")
    }
}

pub(crate) fn times(numerator: i64, denominator: i64) -> EarningRule {
    EarningRule {
        multiplier: Some(EarningMultiplier {
            numerator,
            denominator,
            rounding: Rounding::Down.into(),
            ..EarningMultiplier::default()
        }),
        ..order_rule("")
    }
}

fn rate(points: i64, per_minor_units: i64) -> EarningRate {
    EarningRate {
        points,
        per_minor_units,
        rounding: Rounding::Down.into(),
        whole_steps: false,
    }
}

/// By rule, the latest first.
async fn earned(brand: &Brand, member: &str) -> Vec<(String, i64)> {
    let entries = brand.entries(member, "points").await.into_iter();
    entries
        .map(|entry| (entry.earned_by.unwrap().rule_code, entry.amount))
        .collect()
}

#[tokio::test]
async fn amounts_of_every_kind_earn_and_are_read_as_they_were_written() {
    let brand = brand().await;
    let member = brand.member();
    let per_item = |worth| {
        Kind::PerItem(EarningPerItem {
            item_condition: "item.category == \"gift\"".to_owned(),
            worth: Some(worth),
        })
    };
    let kinds = [
        ("a_fixed", Kind::Fixed(50)),
        ("b_rate", Kind::Rate(rate(3, 200))),
        (
            "c_steps",
            Kind::Rate(EarningRate {
                whole_steps: true,
                ..rate(10, 1_000)
            }),
        ),
        ("d_pieces", per_item(Worth::PerPiece(7))),
        ("e_item_rate", per_item(Worth::Rate(rate(1, 100)))),
    ];
    for (code, kind) in kinds {
        let written = amount_rule(kind);
        let created = brand.create_rule(code, written.clone()).await;
        assert_eq!(created.amount, written.amount);
    }
    let created = brand.create_rule("f_times", times(150, 100)).await;
    assert_eq!(created.multiplier, times(150, 100).multiplier);
    let item = |category: &str, quantity, minor_units| ActivityItem {
        sku: "sku".to_owned(),
        quantity,
        amount: Some(Money {
            currency_code: "CNY".to_owned(),
            minor_units,
        }),
        category: category.to_owned(),
        line_id: String::new(),
    };
    brand.tell(Activity {
        items: vec![item("gift", 2, 150), item("food", 5, 1_650), item("gift", 1, 150)],
        ..brand.activity(&member, "order_paid", "order-1", 1_950)
    });
    brand.h.settle().await;
    let found = earned(&brand, &member).await;
    let expected = [
        ("f_times", 56),
        ("e_item_rate", 3),
        ("d_pieces", 21),
        ("c_steps", 10),
        ("b_rate", 29),
        ("a_fixed", 50),
    ];
    assert_eq!(found, expected.map(|(code, amount)| (code.to_owned(), amount)));
    brand.check().await;
}

#[tokio::test]
async fn a_rule_earns_in_one_way_and_an_update_may_change_it() {
    let brand = brand().await;
    let both = EarningRule {
        amount_formula: "1".to_owned(),
        ..amount_rule(Kind::Fixed(1))
    };
    let refused = brand.try_create_rule("both", both).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    let refused = brand.try_create_rule("less", times(3, 3)).await.unwrap_err();
    assert!(
        refused.message().contains("multiplier.numerator"),
        "{}",
        refused.message()
    );
    brand.create_rule("base", order_rule("7")).await;
    let second = brand
        .update_rule("base", amount_rule(Kind::Fixed(5)), &["amount"])
        .await
        .unwrap();
    assert_eq!((second.amount_formula.as_str(), second.amount.is_some()), ("", true));
    let third = brand
        .update_rule("base", order_rule("8"), &["amount_formula"])
        .await
        .unwrap();
    assert_eq!((third.amount_formula.as_str(), third.amount), ("8", None));
    let refused = brand
        .update_rule("base", EarningRule::default(), &["amount"])
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
}

/// Refund at today's rate, not the rate of the earn: base and bonus give back their own shares.
#[tokio::test]
async fn a_refund_takes_back_its_share_of_base_and_bonus() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", amount_rule(Kind::Rate(rate(1, 100)))).await;
    brand.create_rule("double", times(2, 1)).await;
    brand.pay(&member, "order-1", 10_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 200);
    brand.update_rule("double", times(9, 1), &["multiplier"]).await.unwrap();
    brand.refund(&member, "order-1", "refund-1", 2_500);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 150);
    let entries = brand.entries(&member, "points").await;
    let taken: Vec<(i64, i32)> = entries[..2]
        .iter()
        .map(|entry| (entry.amount, entry.earned_by.as_ref().unwrap().rule_version))
        .collect();
    assert_eq!(taken, [(-25, 1), (-25, 1)]);
    brand.check().await;
}

#[tokio::test]
async fn a_member_day_is_one_in_the_calendar_of_the_asset() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", amount_rule(Kind::Fixed(10))).await;
    let member_day = EarningRule {
        condition: "time.day == 8 && time.hour < 12".to_owned(),
        ..times(3, 1)
    };
    brand.create_rule("member_day", member_day).await;
    // The 8th of November 2026 begins in Beijing at 16:00 UTC of the 7th.
    let midnight = kernel::Time::from_seconds(1_794_067_200);
    for (order, seconds) in [("before", -1), ("at", 0), ("after", 12 * 3_600)] {
        let occur_time = kernel::Time::from_micros(midnight.micros() + seconds * 1_000_000);
        brand.tell(Activity {
            occur_time: Some(occur_time.to_wire()),
            ..brand.activity(&member, "order_paid", order, 100)
        });
    }
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 10 + 30 + 10);
}
