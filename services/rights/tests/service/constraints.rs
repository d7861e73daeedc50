//! The second lock: what the tables refuse, whatever the code decides.

use contracts_rights::v1::*;
use sea_orm::ConnectionTrait;

use crate::brand::{brand, ten_off};

#[tokio::test]
async fn the_tables_refuse_what_must_never_be() {
    let brand = brand().await;
    brand
        .create(CouponTemplate {
            total_cap: Some(2),
            member_cap: Some(2),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let member = brand.member();
    brand.issue("a", "june", &[&member, &member]).await.unwrap();
    let id = brand.list(&member, None).await[0].coupon_id.clone();
    brand.redeem("b", &id, "T-1", 5_000).await.unwrap();
    for statement in [
        // More than the caps.
        "UPDATE coupon_template SET issued_count = 3",
        "UPDATE coupon_template SET total_cap = 1",
        "UPDATE allowance SET issued = issued + 1",
        // States without what they need, or with what they must not have.
        "UPDATE coupon SET state = 'locked' WHERE state = 'issued'",
        "UPDATE coupon SET state = 'issued' WHERE state = 'redeemed'",
        "UPDATE coupon SET state = 'expired' WHERE state = 'redeemed'",
        "UPDATE coupon SET order_id = 'T-2' WHERE state = 'issued'",
        "UPDATE coupon SET state = 'given' WHERE state = 'issued'",
        // A price below zero, or a dearer order.
        "UPDATE coupon SET discount = order_amount + 1 WHERE state = 'redeemed'",
        "UPDATE coupon SET discount = -1 WHERE state = 'redeemed'",
    ] {
        let tx = brand.harness.db.begin().await.unwrap();
        let outcome = tx.execute_unprepared(statement).await;
        assert!(outcome.is_err(), "{statement}");
    }
}
