//! The same request again: one effect, the first answer.

use std::fmt::Debug;

use contracts_rights::v1::*;
use prost_types::FieldMask;
use tonic::Status;

use crate::brand::{LADDER, brand, brand_with_ladder, cny, ladder_request, reason, reasons, ten_off};

/// The first answer, after a repetition got the same one.
fn same<T: PartialEq + Debug>(first: Result<T, Status>, again: Result<T, Status>) -> T {
    let first = first.unwrap();
    assert_eq!(again.unwrap(), first);
    first
}

#[tokio::test]
async fn a_ladder_is_set_once() {
    let brand = brand().await;
    let first = same(
        brand.put_ladder("a", &LADDER).await,
        brand.put_ladder("a", &LADDER).await,
    );
    brand.put_ladder("b", &[("bronze", 0)]).await.unwrap();
    assert_eq!(brand.put_ladder("a", &LADDER).await.unwrap(), first);
    let now = brand
        .tiers()
        .get_tier_ladder(GetTierLadderRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(now.tier_ladder.unwrap().tiers.len(), 1);
    let other = brand
        .tiers()
        .upsert_tier_ladder(ladder_request("a", &[("bronze", 0)]))
        .await;
    assert_eq!(reason(other), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_template_is_created_and_updated_once() {
    let brand = brand().await;
    same(brand.create(ten_off("june")).await, brand.create(ten_off("june")).await);
    let update = |name: &str| UpdateCouponTemplateRequest {
        request_id: "u".to_owned(),
        template_code: "june".to_owned(),
        template: Some(CouponTemplateChange {
            name: name.to_owned(),
            ..CouponTemplateChange::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["name".to_owned()],
        }),
        etag: "1".to_owned(),
    };
    let first = brand
        .templates()
        .update_coupon_template(update("A"))
        .await
        .map(tonic::Response::into_inner);
    let again = brand
        .templates()
        .update_coupon_template(update("A"))
        .await
        .map(tonic::Response::into_inner);
    same(first, again);
    assert_eq!(brand.template("june").await.etag, "2");
    assert_eq!(
        reason(brand.templates().update_coupon_template(update("B")).await),
        "REQUEST_ID_REUSED"
    );
}

#[tokio::test]
async fn coupons_are_issued_once_and_their_refusals_stay() {
    let brand = brand().await;
    brand
        .create(CouponTemplate {
            total_cap: Some(1),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let members = [brand.member(), brand.member()];
    let members = [members[0].as_str(), members[1].as_str()];
    let first = brand.issue("a", "june", &members).await;
    // Days later, with room again: the answer of the first time, with its refusal.
    let update = UpdateCouponTemplateRequest {
        request_id: "u".to_owned(),
        template_code: "june".to_owned(),
        template: Some(CouponTemplateChange::default()),
        update_mask: Some(FieldMask {
            paths: vec!["total_cap".to_owned()],
        }),
        etag: "1".to_owned(),
    };
    brand.templates().update_coupon_template(update).await.unwrap();
    brand.harness.clock.turn_to(brand.harness.clock.now().plus_days(400));
    let answer = same(first, brand.issue("a", "june", &members).await);
    assert_eq!(reasons(&answer), [None, Some(ErrorReason::TotalCapReached)]);
    assert_eq!(brand.template("june").await.issued_count, 1);
    assert_eq!(
        reason(brand.issue("a", "june", &members[..1]).await),
        "REQUEST_ID_REUSED"
    );
}

#[tokio::test]
async fn a_coupon_s_steps_are_taken_once_each() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let id = brand.one("june", &brand.member()).await.coupon_id;
    same(
        brand.lock("l", &id, "T-1", 60).await,
        brand.lock("l", &id, "T-1", 60).await,
    );
    same(
        brand.release("r", &id, "T-1").await,
        brand.release("r", &id, "T-1").await,
    );
    // The lock's replay answers as before and does not lock again.
    brand.lock("l", &id, "T-1", 60).await.unwrap();
    assert_eq!(brand.coupon(&id).await.state(), CouponState::Issued);
    let redeemed = same(
        brand.redeem("u", &id, "T-1", 5_000).await,
        brand.redeem("u", &id, "T-1", 5_000).await,
    );
    assert_eq!(redeemed.payable_amount, Some(cny(4_000)));
    same(
        brand.give_back("b", &id, "T-1").await,
        brand.give_back("b", &id, "T-1").await,
    );
    brand.redeem("u", &id, "T-1", 5_000).await.unwrap();
    assert_eq!(brand.coupon(&id).await.state(), CouponState::Issued);
    assert_eq!(reason(brand.redeem("u", &id, "T-2", 5_000).await), "REQUEST_ID_REUSED");
    assert_eq!(reason(brand.lock("l", &id, "T-1", 61).await), "REQUEST_ID_REUSED");
    assert_eq!(reason(brand.release("r", &id, "T-2").await), "REQUEST_ID_REUSED");
    assert_eq!(reason(brand.give_back("b", &id, "T-2").await), "REQUEST_ID_REUSED");
    let facts = brand.harness.published().await;
    assert_eq!(
        facts
            .iter()
            .filter(|fact| fact.kind == "rights.coupon_redeemed")
            .count(),
        1
    );
}
