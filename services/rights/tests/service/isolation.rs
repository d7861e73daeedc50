//! Two brands on one database see and change nothing of each other.

use contracts_rights::v1::*;

use crate::brand::{Brand, brand_with_ladder, reason, ten_off};

/// Another brand on the database of a brand that has a ladder, the template "june", and a member of gold who holds a
/// coupon; with the member and the coupon.
async fn other_brand() -> (Brand, String, String) {
    let mut brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let coupon = brand.one("june", &member).await.coupon_id;
    brand.tell_earned(&member, "growth", 500);
    brand.settle().await;
    brand.tenant = brand.harness.other_tenant();
    (brand, member, coupon)
}

#[tokio::test]
async fn another_brand_s_things_are_not_there() {
    let (other, member, coupon) = other_brand().await;
    assert_eq!(
        reason(other.tiers().get_tier_ladder(GetTierLadderRequest {}).await),
        "NOT_FOUND"
    );
    let request = GetMemberTierRequest {
        member_id: member.clone(),
    };
    assert_eq!(reason(other.tiers().get_member_tier(request).await), "NOT_FOUND");
    assert!(other.history(&member).await.is_empty());
    let request = GetCouponTemplateRequest {
        template_code: "june".to_owned(),
    };
    assert_eq!(
        reason(other.templates().get_coupon_template(request).await),
        "NOT_FOUND"
    );
    let list = other
        .templates()
        .list_coupon_templates(ListCouponTemplatesRequest::default())
        .await
        .unwrap();
    assert!(list.into_inner().templates.is_empty());
    assert_eq!(
        reason(
            other
                .coupons()
                .get_coupon(GetCouponRequest {
                    coupon_id: coupon.clone()
                })
                .await
        ),
        "NOT_FOUND"
    );
    assert!(other.list(&member, None).await.is_empty());
    assert_eq!(reason(other.lock("a", &coupon, "T-1", 60).await), "NOT_FOUND");
    assert_eq!(reason(other.redeem("b", &coupon, "T-1", 1).await), "NOT_FOUND");
    assert_eq!(reason(other.release("c", &coupon, "T-1").await), "NOT_FOUND");
    assert_eq!(reason(other.give_back("d", &coupon, "T-1").await), "NOT_FOUND");
    assert_eq!(reason(other.issue("e", "june", &[&member]).await), "NOT_FOUND");
    assert_eq!(other.summary().await, GetRightsSummaryResponse::default());
}

#[tokio::test]
async fn brands_use_the_same_codes_request_ids_and_item_ids_side_by_side() {
    let mut brand = brand_with_ladder().await;
    brand
        .create(CouponTemplate {
            total_cap: Some(1),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let (first, second) = (brand.tenant, brand.harness.other_tenant());
    let member = brand.member();
    brand
        .issue_items("same", "june", vec![crate::brand::item(&member, "run-1")])
        .await
        .unwrap();
    brand.tell_earned(&member, "growth", 100);

    brand.tenant = second;
    brand
        .put_ladder("ladder", &[("base", 0), ("top", 1_000)])
        .await
        .unwrap();
    brand.create(ten_off("june")).await.unwrap();
    let answer = brand
        .issue_items("same", "june", vec![crate::brand::item(&member, "run-1")])
        .await
        .unwrap();
    assert_eq!(answer.refused_count, 0);
    brand.tell_earned(&member, "growth", 1_000);
    let gone = brand.member();
    brand.tell_merged(&gone, &member);
    brand.settle().await;
    assert_eq!(
        (brand.tier(&member).await.as_str(), brand.list(&gone, None).await.len()),
        ("top", 1)
    );

    brand.tenant = first;
    let standing = brand.standing(&member).await;
    assert_eq!(
        (
            standing.member_id,
            standing.growth_value,
            standing.tier.unwrap().code.as_str()
        ),
        (member.clone(), 100, "silver")
    );
    assert_eq!(brand.list(&member, None).await.len(), 1);
    assert!(brand.list(&gone, None).await.is_empty());
}
