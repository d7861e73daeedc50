use contracts_points::v1::*;
use kernel::Time;

use crate::brand::{brand, reason};

#[tokio::test]
async fn what_is_due_is_gone_before_anybody_has_posted_it() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 30, 1).await;
    brand.earn(&member, 40, 2).await;
    brand.turn_days(1);
    assert_eq!((brand.balance(&member).await, brand.lots(&member).await.len()), (40, 1));
    assert_eq!(
        reason(&brand.redeem(&member, 41).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    let redeem = brand.redeem(&member, 40).await.unwrap();
    assert_eq!(
        (redeem.sequence, redeem.balance),
        (4, 0),
        "the expiry was posted before the spend"
    );
    brand.check().await;
}

/// Expire twice.
#[tokio::test]
async fn nothing_expires_twice() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 30, 1).await;
    brand.pass_days(1).await;
    brand.h.settle().await;
    brand.pass_days(1).await;
    let kinds: Vec<i32> = brand
        .entries(&member, "points")
        .await
        .iter()
        .map(|entry| entry.kind)
        .collect();
    assert_eq!(kinds, [i32::from(EntryKind::Expire), i32::from(EntryKind::Earn)]);
    brand.check().await;
}

/// More lots and accounts than one tick takes.
#[tokio::test]
async fn many_lots_expire_in_bounded_pieces() {
    let brand = brand().await;
    brand.create_rule("base", crate::brand::order_rule("3")).await;
    brand
        .create_asset(
            "fleeting",
            AssetKind::Custom,
            Some(expiry_policy::Rule::AfterDays(ExpireAfterDays { days: 1 })),
        )
        .await;
    let fleeting = EarningRule {
        asset_code: "fleeting".to_owned(),
        ..crate::brand::order_rule("5")
    };
    brand.create_rule("fleeting", fleeting).await;
    let members: Vec<String> = (0..40).map(|_| brand.member()).collect();
    for order in 0..1_200 {
        brand.pay(&members[order % 40], &format!("order-{order}"), 100);
    }
    brand.h.settle().await;
    assert_eq!(brand.balance_of(&members[0], "fleeting").await.available, 150);
    brand.pass_days(3).await;
    for member in &members {
        assert_eq!(brand.balance_of(member, "fleeting").await.available, 0);
        assert_eq!(brand.balance(member).await, 90);
    }
    assert_eq!(
        brand
            .count("SELECT COUNT(*) FROM lot WHERE open AND asset_code = 'fleeting'")
            .await,
        0
    );
    brand.check().await;
}

#[tokio::test]
async fn the_asset_s_policy_decides_when_a_lot_expires() {
    let brand = brand().await;
    let member = brand.member();
    let month_end = ExpireAtPeriodEnd {
        period: CalendarPeriod::Month.into(),
        after_months: 1,
        after_days: 0,
    };
    let fixed = ExpireOnDate {
        date: "2026-06-30".to_owned(),
    };
    for (code, rule, expected) in [
        (
            "days",
            expiry_policy::Rule::AfterDays(ExpireAfterDays { days: 365 }),
            "2027-01-02T00:00:00+08:00",
        ),
        (
            "month",
            expiry_policy::Rule::PeriodEnd(month_end),
            "2026-03-01T00:00:00+08:00",
        ),
        ("fixed", expiry_policy::Rule::OnDate(fixed), "2026-07-01T00:00:00+08:00"),
    ] {
        brand.create_asset(code, AssetKind::Points, Some(rule)).await;
        let earn = brand.earn_of(&member, code, 1).await.unwrap();
        let expected = Time::parse_rfc3339(expected).unwrap().to_wire();
        assert_eq!(earn.lots[0].expire_time, Some(expected), "{code}");
    }
    brand.pass_days(200).await;
    assert_eq!(
        reason(&brand.earn_of(&member, "fixed", 1).await.unwrap_err()),
        "EXPIRY_PASSED"
    );
}
