//! The figures for reports.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts_rights::v1::*;
use sea_orm::ConnectionTrait;

use crate::brand::{brand_with_ladder, reason, ten_off};

#[tokio::test]
async fn members_are_counted_by_tier_and_coupons_by_what_became_of_them() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    brand.create(ten_off("idle")).await.unwrap();
    let mut coupons = Vec::new();
    for growth in [0, 50, 100, 600, 700] {
        let member = brand.member();
        brand.tell_registered(&member);
        if growth > 0 {
            brand.tell_earned(&member, "growth", growth);
        }
        coupons.push(brand.one("june", &member).await.coupon_id);
    }
    brand.settle().await;
    brand.lock("a", &coupons[0], "T-1", 60).await.unwrap();
    brand.redeem("b", &coupons[1], "T-2", 600).await.unwrap();
    brand.redeem("c", &coupons[2], "T-3", 5_000).await.unwrap();

    let count = |code: &str, available, locked, redeemed, expired| CouponTemplateCount {
        template_code: code.to_owned(),
        template_name: "Ten off".to_owned(),
        issued_count: available + locked + redeemed + expired,
        available_count: available,
        locked_count: locked,
        redeemed_count: redeemed,
        expired_count: expired,
        discounts: if redeemed > 0 {
            BTreeMap::from([("CNY".to_owned(), 1_600)])
        } else {
            BTreeMap::new()
        },
    };
    let summary = brand.summary().await;
    let tiers: Vec<_> = summary
        .tiers
        .iter()
        .map(|tier| (tier.tier_code.as_str(), tier.member_count))
        .collect();
    assert_eq!(tiers, [("bronze", 2), ("silver", 1), ("gold", 2), ("platinum", 0)]);
    assert_eq!(
        summary.coupon_templates,
        [count("idle", 0, 0, 0, 0), count("june", 2, 1, 2, 0)]
    );
    // Time alone changes the figures, before any worker comes by.
    brand.harness.clock.advance(Duration::from_mins(1));
    assert_eq!(brand.summary().await.coupon_templates[1], count("june", 3, 0, 2, 0));
    brand.harness.clock.turn_to(brand.harness.clock.now().plus_days(30));
    assert_eq!(brand.summary().await.coupon_templates[1], count("june", 0, 0, 2, 3));
}

#[tokio::test]
async fn discounts_that_pass_64_bits_are_told_in_full_and_an_order_that_nobody_pays_is_refused() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let mut coupons = Vec::new();
    for _ in 0..2 {
        let member = brand.member();
        brand.tell_registered(&member);
        coupons.push(brand.one("june", &member).await.coupon_id);
    }
    brand.settle().await;
    let refused = brand.redeem("a", &coupons[0], "T-0", 1_000_000_000_000_001).await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    for (number, coupon) in coupons.iter().enumerate() {
        brand
            .redeem(&format!("r{number}"), coupon, &format!("T-{number}"), 5_000)
            .await
            .unwrap();
    }
    // As an earlier version may have let it in.
    let tx = brand.harness.db.begin().await.unwrap();
    let much = "UPDATE coupon SET order_amount = 9000000000000000000, discount = 9000000000000000000 \
         WHERE state = 'redeemed'";
    assert_eq!(tx.execute_unprepared(much).await.unwrap().rows_affected(), 2);
    tx.commit().await.unwrap();
    let refused = brand.try_summary().await;
    let told = refused.as_ref().unwrap_err().message().to_owned();
    assert!(told.contains("18000000000000000000"), "{told}");
    assert_eq!(reason(refused), "SUM_TOO_LARGE");
}
