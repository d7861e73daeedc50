//! A coupon's life: locked, redeemed, released, returned.

use contracts_rights::v1::coupon_benefit::Kind as Benefit;
use contracts_rights::v1::coupon_validity::Kind as Validity;
use contracts_rights::v1::*;
use prost::Message;

use crate::brand::{Brand, brand, cny, reason, refusal, ten_off, wrong_fields};

/// A brand with a coupon of 10.00 yuan off.
async fn with_coupon() -> (Brand, String) {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let coupon = brand.one("june", &brand.member()).await.coupon_id;
    (brand, coupon)
}

#[tokio::test]
async fn a_coupon_is_redeemed_directly() {
    let (brand, coupon) = with_coupon().await;
    let redeemed = brand.redeem("a", &coupon, "T-1", 2_500).await.unwrap();
    assert_eq!(
        (redeemed.discount, redeemed.payable_amount),
        (Some(cny(1_000)), Some(cny(1_500)))
    );
    let held = redeemed.coupon.unwrap();
    assert_eq!(
        (held.state(), held.order_id.as_str(), held.discount.clone()),
        (CouponState::Redeemed, "T-1", Some(cny(1_000)))
    );
    assert_eq!(held.redeem_time, Some(brand.harness.clock.now().to_wire()));
    assert_eq!(brand.coupon(&coupon).await, held);
    let facts = brand.harness.published().await;
    let fact = CouponRedeemed::decode(&*facts.last().unwrap().payload).unwrap();
    assert_eq!(
        (facts.last().unwrap().kind.as_str(), fact.order_id.as_str()),
        ("rights.coupon_redeemed", "T-1")
    );
}

#[tokio::test]
async fn a_coupon_is_locked_and_redeemed_by_the_same_order_only() {
    let (brand, coupon) = with_coupon().await;
    let locked = brand.lock("a", &coupon, "T-1", 900).await.unwrap();
    let until = brand.harness.clock.now().plus(std::time::Duration::from_mins(15));
    assert_eq!(
        (locked.state(), locked.order_id.as_str(), locked.lock_expire_time),
        (CouponState::Locked, "T-1", Some(until.to_wire()))
    );
    for outcome in [
        brand.lock("b", &coupon, "T-2", 900).await.map(drop),
        brand.redeem("c", &coupon, "T-2", 1).await.map(drop),
        brand.release("d", &coupon, "T-2").await.map(drop),
    ] {
        let refused = refusal(outcome);
        assert_eq!(
            (refused.reason.as_str(), refused.metadata["order_id"].as_str()),
            ("COUPON_LOCKED", "T-1")
        );
        assert_eq!(refused.metadata["lock_expire_time"], until.to_string());
    }
    brand.lock("e", &coupon, "T-1", 60).await.unwrap();
    brand.redeem("f", &coupon, "T-1", 5_000).await.unwrap();
    let refused = refusal(brand.redeem("g", &coupon, "T-2", 5_000).await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["order_id"].as_str()),
        ("COUPON_REDEEMED", "T-1")
    );
    assert_eq!(reason(brand.lock("h", &coupon, "T-1", 60).await), "COUPON_REDEEMED");
}

#[tokio::test]
async fn a_released_coupon_is_free_for_another_order() {
    let (brand, coupon) = with_coupon().await;
    let refused = refusal(brand.release("a", &coupon, "T-1").await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["state"].as_str()),
        ("COUPON_NOT_LOCKED", "issued")
    );
    brand.lock("b", &coupon, "T-1", 900).await.unwrap();
    let released = brand.release("c", &coupon, "T-1").await.unwrap();
    assert_eq!(
        (released.state(), released.order_id.as_str(), released.lock_expire_time),
        (CouponState::Issued, "", None)
    );
    brand.redeem("d", &coupon, "T-2", 5_000).await.unwrap();
}

#[tokio::test]
async fn a_refund_returns_the_coupon_and_only_its_own_order_may() {
    let (brand, coupon) = with_coupon().await;
    let refused = refusal(brand.give_back("a", &coupon, "T-1").await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["state"].as_str()),
        ("COUPON_NOT_REDEEMED", "issued")
    );
    brand.redeem("b", &coupon, "T-1", 5_000).await.unwrap();
    assert_eq!(reason(brand.give_back("c", &coupon, "T-2").await), "COUPON_REDEEMED");
    let returned = brand.give_back("d", &coupon, "T-1").await.unwrap();
    assert_eq!(
        (returned.state(), returned.order_id.as_str(), returned.discount.clone()),
        (CouponState::Issued, "", None)
    );
    assert_eq!(
        reason(brand.give_back("e", &coupon, "T-1").await),
        "COUPON_NOT_REDEEMED"
    );
    brand.redeem("f", &coupon, "T-1", 5_000).await.unwrap();
}

#[tokio::test]
async fn the_price_is_never_below_zero() {
    let brand = brand().await;
    let percent = |basis_points, most: Option<i64>| {
        Benefit::PercentOff(PercentOff {
            basis_points,
            discount_max: most.map(cny),
        })
    };
    let table = [
        (
            Benefit::AmountOff(AmountOff {
                amount: Some(cny(1_000)),
            }),
            999,
            999,
        ),
        (
            Benefit::AmountOff(AmountOff {
                amount: Some(cny(1_000)),
            }),
            0,
            0,
        ),
        (
            Benefit::AmountOff(AmountOff {
                amount: Some(cny(1_000_000_000_000_000)),
            }),
            1_000_000_000_000_000,
            1_000_000_000_000_000,
        ),
        (percent(10_000, None), 1, 1),
        (percent(1_500, None), 9_999, 1_499),
        (percent(5_000, Some(300)), 10_000, 300),
        (
            Benefit::Gift(Gift {
                sku: "MUG-1".to_owned(),
            }),
            5_000,
            0,
        ),
        (Benefit::FreeShipping(FreeShipping {}), 5_000, 0),
    ];
    for (number, (benefit, amount, discount)) in table.into_iter().enumerate() {
        let code = format!("t{number}");
        let benefit = Some(CouponBenefit { kind: Some(benefit) });
        brand
            .create(CouponTemplate {
                benefit,
                ..ten_off(&code)
            })
            .await
            .unwrap();
        let coupon = brand.one(&code, &brand.member()).await.coupon_id;
        let redeemed = brand.redeem(&code, &coupon, "T-1", amount).await.unwrap();
        assert_eq!(
            (redeemed.discount, redeemed.payable_amount),
            (Some(cny(discount)), Some(cny(amount - discount))),
            "{code}"
        );
    }
}

#[tokio::test]
async fn an_order_below_the_minimum_spend_keeps_its_coupon_and_its_price() {
    let brand = brand().await;
    brand
        .create(CouponTemplate {
            minimum_spend: Some(cny(10_000)),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let coupon = brand.one("june", &brand.member()).await.coupon_id;
    let refused = refusal(brand.redeem("a", &coupon, "T-1", 9_999).await);
    assert_eq!(refused.reason, "MINIMUM_SPEND_NOT_REACHED");
    assert_eq!(
        (
            refused.metadata["minimum_spend"].as_str(),
            refused.metadata["order_amount"].as_str()
        ),
        ("10000", "9999")
    );
    assert_eq!(brand.coupon(&coupon).await.state(), CouponState::Issued);
    brand.redeem("b", &coupon, "T-1", 10_000).await.unwrap();
}

#[tokio::test]
async fn an_order_in_another_currency_is_refused() {
    let (brand, coupon) = with_coupon().await;
    let order_amount = contracts::r#type::v1::Money {
        currency_code: "USD".to_owned(),
        minor_units: 5_000,
    };
    let request = RedeemCouponRequest {
        request_id: "a".to_owned(),
        coupon_id: coupon,
        order_id: "T-1".to_owned(),
        order_amount: Some(order_amount),
    };
    let refused = refusal(brand.coupons().redeem_coupon(request).await);
    assert_eq!(
        (
            refused.reason.as_str(),
            refused.metadata["coupon"].as_str(),
            refused.metadata["order"].as_str()
        ),
        ("CURRENCY_MISMATCH", "CNY", "USD")
    );
}

#[tokio::test]
async fn an_order_in_what_is_no_currency_is_refused_where_it_arrives() {
    let (brand, coupon) = with_coupon().await;
    for (code, sentence) in [
        ("RMB", "RMB is no ISO 4217 code; did you mean CNY?"),
        ("XXX", "XXX is no money"),
    ] {
        let request = RedeemCouponRequest {
            request_id: format!("in {code}"),
            coupon_id: coupon.clone(),
            order_id: "T-1".to_owned(),
            order_amount: Some(contracts::r#type::v1::Money {
                currency_code: code.to_owned(),
                minor_units: 5_000,
            }),
        };
        let refused = refusal(brand.coupons().redeem_coupon(request).await);
        let violation = &refused.violations[0];
        assert_eq!(violation.path, "order_amount.currency_code");
        assert!(violation.message.starts_with(sentence), "{violation:?}");
    }
    assert_eq!(brand.coupon(&coupon).await.state(), CouponState::Issued);
}

#[tokio::test]
async fn a_coupon_of_a_window_is_issued_before_it_and_used_within_it() {
    let brand = brand().await;
    let now = brand.harness.clock.now();
    let window = ValidityWindow {
        start_time: Some(now.plus_days(2).to_wire()),
        end_time: Some(now.plus_days(3).to_wire()),
    };
    let validity = Some(CouponValidity {
        kind: Some(Validity::Window(window)),
    });
    brand
        .create(CouponTemplate {
            validity,
            ..ten_off("june")
        })
        .await
        .unwrap();
    let coupon = brand.one("june", &brand.member()).await.coupon_id;
    let refused = refusal(brand.lock("a", &coupon, "T-1", 60).await);
    assert_eq!(
        (refused.reason.as_str(), &refused.metadata["start_time"]),
        ("COUPON_NOT_YET_VALID", &now.plus_days(2).to_string())
    );
    brand.harness.clock.turn_to(now.plus_days(2));
    brand.redeem("b", &coupon, "T-1", 5_000).await.unwrap();
}

#[tokio::test]
async fn a_coupon_that_is_not_there_is_not_found() {
    let (brand, coupon) = with_coupon().await;
    let unknown = coupon.replace(&coupon[10..], &"0".repeat(coupon.len() - 10));
    let request = GetCouponRequest {
        coupon_id: unknown.clone(),
    };
    assert_eq!(reason(brand.coupons().get_coupon(request).await), "NOT_FOUND");
    for outcome in [
        brand.lock("a", &unknown, "T-1", 60).await.map(drop),
        brand.redeem("b", &unknown, "T-1", 1).await.map(drop),
        brand.release("c", &unknown, "T-1").await.map(drop),
        brand.give_back("d", &unknown, "T-1").await.map(drop),
    ] {
        assert_eq!(reason(outcome), "NOT_FOUND");
    }
    let request = GetCouponRequest {
        coupon_id: "mbr_x".to_owned(),
    };
    assert_eq!(wrong_fields(brand.coupons().get_coupon(request).await), ["coupon_id"]);
    assert_eq!(
        wrong_fields(brand.lock("e", &coupon, "", 0).await),
        ["order_id", "lock_seconds"]
    );
}

#[tokio::test]
async fn a_member_s_coupons_are_listed_by_state_page_by_page_from_the_newest() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(brand.one("june", &member).await.coupon_id);
    }
    brand.lock("a", &ids[0], "T-1", 60).await.unwrap();
    brand.redeem("b", &ids[1], "T-2", 5_000).await.unwrap();
    let listed = |coupons: Vec<Coupon>| -> Vec<String> { coupons.into_iter().map(|coupon| coupon.coupon_id).collect() };
    let newest_first: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(listed(brand.list(&member, None).await), newest_first);
    assert_eq!(
        listed(brand.list(&member, Some(CouponState::Issued)).await),
        newest_first[..3]
    );
    assert_eq!(listed(brand.list(&member, Some(CouponState::Locked)).await), ids[..1]);
    assert_eq!(
        listed(brand.list(&member, Some(CouponState::Redeemed)).await),
        ids[1..2]
    );
    assert!(brand.list(&member, Some(CouponState::Expired)).await.is_empty());
    let page = |state: Option<CouponState>, page_token: String| ListMemberCouponsRequest {
        member_id: member.clone(),
        state: state.map(i32::from),
        page_size: 4,
        page_token,
    };
    let first = brand
        .coupons()
        .list_member_coupons(page(None, String::new()))
        .await
        .unwrap()
        .into_inner();
    let token = first.next_page_token.clone();
    let second = brand
        .coupons()
        .list_member_coupons(page(None, token.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (listed(first.coupons), listed(second.coupons)),
        (newest_first[..4].to_vec(), newest_first[4..].to_vec())
    );
    assert_eq!(second.next_page_token, "");
    let other = brand
        .coupons()
        .list_member_coupons(page(Some(CouponState::Issued), token))
        .await;
    assert_eq!(reason(other), "PAGE_TOKEN_INVALID");
    let outcome = brand
        .coupons()
        .list_member_coupons(page(Some(CouponState::Unspecified), String::new()))
        .await;
    assert_eq!(wrong_fields(outcome), ["state"]);
}

#[tokio::test]
async fn an_order_whose_number_stands_for_nothing_locks_and_redeems_no_coupon() {
    let (brand, coupon) = with_coupon().await;
    for order in ["null", "#N/A", "-", "0"] {
        assert_eq!(wrong_fields(brand.lock("a", &coupon, order, 900).await), ["order_id"]);
        assert_eq!(
            wrong_fields(brand.redeem("b", &coupon, order, 5_000).await),
            ["order_id"]
        );
    }
    brand.redeem("c", &coupon, "T-0", 5_000).await.unwrap();
}
