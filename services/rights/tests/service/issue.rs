//! Issuing: caps, items, refusals.

use contracts_rights::v1::ErrorReason::{ItemIdReused, MemberCapReached, TotalCapReached};
use contracts_rights::v1::coupon_validity::Kind as Validity;
use contracts_rights::v1::*;
use prost::Message;

use crate::brand::{brand, issued, item, reason, reasons, refusal, ten_off, wrong_fields};

#[tokio::test]
async fn a_coupon_is_issued_told_and_held() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let coupon = brand.one("june", &member).await;
    let now = brand.harness.clock.now();
    let expected = Coupon {
        coupon_id: coupon.coupon_id.clone(),
        template_code: "june".to_owned(),
        member_id: member.clone(),
        state: CouponState::Issued.into(),
        issue_time: Some(now.to_wire()),
        start_time: Some(now.to_wire()),
        expire_time: Some(now.plus_days(30).to_wire()),
        ..Coupon::default()
    };
    assert_eq!(coupon, expected);
    assert_eq!(brand.coupon(&coupon.coupon_id).await, expected);
    assert_eq!(brand.list(&member, None).await, [expected]);
    assert_eq!(brand.template("june").await.issued_count, 1);
    let facts = brand.harness.published().await;
    let fact = CouponIssued::decode(&*facts[0].payload).unwrap();
    assert_eq!(
        (facts.len(), facts[0].kind.as_str(), facts[0].subject.as_str()),
        (1, "rights.coupon_issued", member.as_str())
    );
    assert_eq!(
        (fact.coupon_id, fact.expire_time),
        (coupon.coupon_id, coupon.expire_time)
    );
}

#[tokio::test]
async fn caps_hold_for_bulk_issue_at_the_edge_and_refuse_item_by_item() {
    let brand = brand().await;
    brand
        .create(CouponTemplate {
            total_cap: Some(1_200),
            member_cap: Some(2),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let members: Vec<String> = (0..1_000).map(|_| brand.member()).collect();
    let all: Vec<&str> = members.iter().map(String::as_str).collect();
    let first = brand.issue("first", "june", &all).await.unwrap();
    assert_eq!((issued(&first).len(), first.refused_count), (1_000, 0));
    // 200 are left for the next thousand: the first 200 of the list get one, the others are told why not.
    let second = brand.issue("second", "june", &all).await.unwrap();
    assert_eq!((issued(&second).len(), second.refused_count), (200, 800));
    let expected: Vec<_> = (0..1_000)
        .map(|index| (index >= 200).then_some(TotalCapReached))
        .collect();
    assert_eq!(reasons(&second), expected);
    assert_eq!(brand.template("june").await.issued_count, 1_200);
    assert_eq!(brand.harness.published().await.len(), 1_200);
}

#[tokio::test]
async fn the_cap_of_one_member_refuses_only_that_member() {
    let brand = brand().await;
    brand
        .create(CouponTemplate {
            member_cap: Some(2),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let (one, two) = (brand.member(), brand.member());
    let response = brand.issue("a", "june", &[&one, &one, &one, &two]).await.unwrap();
    assert_eq!(reasons(&response), [None, None, Some(MemberCapReached), None]);
    let response = brand.issue("b", "june", &[&one, &two, &two]).await.unwrap();
    assert_eq!(
        reasons(&response),
        [Some(MemberCapReached), None, Some(MemberCapReached)]
    );
}

#[tokio::test]
async fn an_item_id_issues_one_coupon_under_whatever_request() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let (one, two) = (brand.member(), brand.member());
    let first = brand
        .issue_items("a", "june", vec![item(&one, "run-1"), item(&one, "run-1")])
        .await
        .unwrap();
    let coupons = issued(&first);
    assert_eq!(coupons[0], coupons[1]);
    let again = brand
        .issue_items(
            "b",
            "june",
            vec![item(&one, "run-1"), item(&two, "run-1"), item(&two, "run-2")],
        )
        .await;
    let again = again.unwrap();
    assert_eq!(reasons(&again), [None, Some(ItemIdReused), None]);
    assert_eq!(issued(&again)[0], coupons[0]);
    assert_eq!(
        (
            again.results[0].item_id.as_str(),
            brand.template("june").await.issued_count
        ),
        ("run-1", 2)
    );
    brand.create(ten_off("july")).await.unwrap();
    let other = brand.issue_items("c", "july", vec![item(&two, "run-1")]).await.unwrap();
    assert_eq!(reasons(&other), [None]);
}

#[tokio::test]
async fn only_an_active_template_within_its_window_issues() {
    let brand = brand().await;
    let member = brand.member();
    brand
        .create(CouponTemplate {
            state: CouponTemplateState::Draft.into(),
            ..ten_off("draft")
        })
        .await
        .unwrap();
    let refused = refusal(brand.issue("a", "draft", &[&member]).await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["state"].as_str()),
        ("TEMPLATE_NOT_ACTIVE", "draft")
    );

    let now = brand.harness.clock.now();
    let window = ValidityWindow {
        start_time: Some(now.to_wire()),
        end_time: Some(now.plus_days(1).to_wire()),
    };
    let template = CouponTemplate {
        validity: Some(CouponValidity {
            kind: Some(Validity::Window(window)),
        }),
        ..ten_off("window")
    };
    brand.create(template).await.unwrap();
    brand.one("window", &member).await;
    brand.harness.clock.turn_to(now.plus_days(1));
    let refused = refusal(brand.issue("b", "window", &[&member]).await);
    assert_eq!(refused.reason, "TEMPLATE_WINDOW_OVER");
    assert_eq!(refused.metadata["end_time"], now.plus_days(1).to_string());
    assert_eq!(reason(brand.issue("c", "nothing", &[&member]).await), "NOT_FOUND");
}

#[tokio::test]
async fn the_members_of_a_call_are_checked_together() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let outcome = brand.issue("a", "june", &["nobody", &member, "cpn_x"]).await;
    assert_eq!(wrong_fields(outcome), ["items[0].member_id", "items[2].member_id"]);
    assert_eq!(wrong_fields(brand.issue("b", "june", &[]).await), ["items"]);
    assert_eq!(
        wrong_fields(brand.issue("c", "june", &vec![member.as_str(); 1_001]).await),
        ["items"]
    );
}
