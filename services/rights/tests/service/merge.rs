//! Two members turn out to be one person.

use contracts_identity::v1::MergeUndone;
use contracts_points::v1::PointsMoved;
use contracts_rights::v1::ErrorReason::MemberCapReached;
use contracts_rights::v1::TierChangeCause::{Growth, Merge};
use contracts_rights::v1::*;

use crate::brand::{Brand, brand_with_ladder, issued, item, reasons, ten_off};

impl Brand {
    fn tell_moved(&self, from: &str, to: &str, amount: i64) {
        let fact = PointsMoved {
            from_member_id: from.to_owned(),
            to_member_id: to.to_owned(),
            asset_code: "growth".to_owned(),
            amount,
            ..PointsMoved::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, to);
    }
}

#[tokio::test]
async fn the_survivor_gets_coupons_caps_growth_and_history() {
    let brand = brand_with_ladder().await;
    brand
        .create(CouponTemplate {
            member_cap: Some(3),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    brand.tell_earned(&stays, "growth", 60);
    brand.tell_earned(&goes, "growth", 450);
    brand.issue("a", "june", &[&stays, &goes, &goes]).await.unwrap();
    brand.settle().await;

    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    let standing = brand.standing(&goes).await;
    assert_eq!(
        (standing.member_id.as_str(), standing.growth_value),
        (stays.as_str(), 510)
    );
    assert_eq!(standing.tier.unwrap().code, "gold");
    let mut history = brand.history(&stays).await;
    history.sort();
    let expected = [("bronze", Growth), ("gold", Merge), ("silver", Growth)];
    assert_eq!(history, expected.map(|(code, cause)| (code.to_owned(), cause)));
    let coupons = brand.list(&goes, None).await;
    assert_eq!(coupons.len(), 3);
    assert!(coupons.iter().all(|coupon| coupon.member_id == stays));
    let response = brand.issue("b", "june", &[&goes, &stays]).await.unwrap();
    assert_eq!(reasons(&response), [Some(MemberCapReached), Some(MemberCapReached)]);
}

#[tokio::test]
async fn a_merge_above_the_cap_issues_no_more_and_takes_nothing_away() {
    let brand = brand_with_ladder().await;
    brand
        .create(CouponTemplate {
            member_cap: Some(2),
            ..ten_off("june")
        })
        .await
        .unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    brand.issue("a", "june", &[&stays, &stays, &goes, &goes]).await.unwrap();
    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    assert_eq!(brand.list(&stays, None).await.len(), 4);
    let response = brand.issue("b", "june", &[&stays]).await.unwrap();
    assert_eq!(reasons(&response), [Some(MemberCapReached)]);
}

#[tokio::test]
async fn what_arrives_late_for_the_merged_member_counts_for_the_survivor() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    let early = brand
        .issue_items("a", "june", vec![item(&goes, "run-1")])
        .await
        .unwrap();
    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    brand.tell_registered(&goes);
    brand.tell_earned(&goes, "growth", 100);
    brand.settle().await;
    assert_eq!(brand.tier(&stays).await, "silver");
    let again = brand
        .issue_items("b", "june", vec![item(&goes, "run-1"), item(&goes, "run-2")])
        .await
        .unwrap();
    assert_eq!(issued(&again)[0].coupon_id, issued(&early)[0].coupon_id);
    assert_eq!(issued(&again)[1].member_id, stays);
    assert_eq!(again.results[1].member_id, goes);
    let counts: i64 = brand.summary().await.tiers.iter().map(|tier| tier.member_count).sum();
    assert_eq!(counts, 1);
}

#[tokio::test]
async fn growth_moves_once_whichever_service_tells_of_the_merge_first() {
    for points_first in [true, false] {
        let brand = brand_with_ladder().await;
        let (stays, goes) = (brand.member(), brand.member());
        brand.tell_earned(&stays, "growth", 60);
        // 50 of what was earned have been redeemed, so the balance that moves is smaller than the growth.
        brand.tell_earned(&goes, "growth", 90);
        brand.settle().await;
        let tell = |points: bool| {
            if points {
                brand.tell_moved(&goes, &stays, 40);
            } else {
                brand.tell_merged(&stays, &goes);
            }
        };
        tell(points_first);
        brand.settle().await;
        tell(!points_first);
        brand.settle().await;
        assert_eq!(
            brand.standing(&stays).await.growth_value,
            150,
            "points first: {points_first}"
        );
        assert_eq!(brand.tier(&goes).await, "silver");
    }
}

#[tokio::test]
async fn merges_in_a_row_lead_to_the_last_survivor() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let members: Vec<String> = (0..4).map(|_| brand.member()).collect();
    for member in &members {
        brand.tell_earned(member, "growth", 130);
        brand.one("june", member).await;
    }
    brand.settle().await;
    brand.tell_merged(&members[1], &members[0]);
    brand.tell_merged(&members[2], &members[1]);
    brand.settle().await;
    brand.tell_merged(&members[3], &members[0]);
    brand.settle().await;
    for member in &members {
        let standing = brand.standing(member).await;
        assert_eq!((&standing.member_id, standing.growth_value), (&members[3], 520));
        assert_eq!(brand.list(member, None).await.len(), 4);
    }
}

#[tokio::test]
async fn a_merge_told_twice_changes_nothing() {
    let brand = brand_with_ladder().await;
    let (stays, goes) = (brand.member(), brand.member());
    brand.tell_earned(&goes, "growth", 100);
    brand.settle().await;
    brand.tell_merged(&stays, &goes);
    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    assert_eq!(brand.standing(&stays).await.growth_value, 100);
}

#[tokio::test]
async fn a_locked_coupon_is_redeemed_after_its_holder_was_merged() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    let coupon = brand.one("june", &goes).await.coupon_id;
    brand.lock("a", &coupon, "T-1", 900).await.unwrap();
    brand.tell_merged(&stays, &goes);
    brand.settle().await;
    let redeemed = brand.redeem("b", &coupon, "T-1", 5_000).await.unwrap();
    assert_eq!(redeemed.coupon.unwrap().member_id, stays);
}

const MERGE: &str = "mrg_01h455vb4pex5vsknk084sn02q";
const MERGE_AGAIN: &str = "mrg_01h455vb4pex5vsknk084sn02r";

#[tokio::test]
async fn an_undo_gives_back_coupons_caps_growth_tier_and_history() {
    let brand = brand_with_ladder().await;
    let template = CouponTemplate {
        member_cap: Some(3),
        ..ten_off("june")
    };
    brand.create(template).await.unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    brand.tell_earned(&stays, "growth", 60);
    brand.tell_earned(&goes, "growth", 450);
    brand.issue("a", "june", &[&stays, &goes, &goes]).await.unwrap();
    brand.settle().await;
    let before = [brand.standing(&stays).await, brand.standing(&goes).await];
    let histories = [brand.history(&stays).await, brand.history(&goes).await];
    let own: Vec<String> = brand
        .list(&goes, None)
        .await
        .into_iter()
        .map(|coupon| coupon.coupon_id)
        .collect();

    brand.tell_merged_as(MERGE, &stays, &goes);
    brand.settle().await;
    // What is told late of the absorbed member was its own.
    brand.tell_earned(&goes, "growth", 5);
    brand.tell_earned(&stays, "growth", 7);
    brand.settle().await;
    brand.harness.clock.advance(std::time::Duration::from_secs(1));
    brand.tell_undone(MERGE, &stays, &goes, &[]);
    brand.settle().await;

    let after = [brand.standing(&stays).await, brand.standing(&goes).await];
    assert_eq!([after[0].growth_value, after[1].growth_value], [67, 455]);
    assert_eq!(after.each_ref().map(|it| &it.member_id), [&stays, &goes]);
    for (after, before) in after.iter().zip(&before) {
        let code = |standing: &MemberTier| standing.tier.as_ref().map(|tier| tier.code.clone());
        assert_eq!(code(after), code(before), "nobody keeps a tier of the other one's");
    }
    assert_eq!(brand.history(&goes).await, histories[1]);
    assert_eq!(brand.history(&stays).await[..histories[0].len()], histories[0][..]);
    let back: Vec<String> = brand
        .list(&goes, None)
        .await
        .into_iter()
        .map(|coupon| coupon.coupon_id)
        .collect();
    assert_eq!(back, own);
    assert_eq!(brand.list(&stays, None).await.len(), 1);
    let response = brand
        .issue("b", "june", &[&goes, &goes, &stays, &stays, &stays])
        .await
        .unwrap();
    let expected = [None, Some(MemberCapReached), None, None, Some(MemberCapReached)];
    assert_eq!(reasons(&response), expected, "each has what is left of its own cap");
}

#[tokio::test]
async fn a_merge_that_is_told_again_in_the_batch_of_its_undo_merges_nobody() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    for (member, growth) in [(&stays, 60), (&goes, 450)] {
        brand.tell_earned(member, "growth", growth);
        brand.one("june", member).await;
    }
    brand.settle().await;
    // Both before the consumer runs, so that it gets them in one batch.
    brand.tell_undone(MERGE, &stays, &goes, &[]);
    brand.tell_merged_as(MERGE, &stays, &goes);
    brand.settle().await;
    for (member, growth) in [(&stays, 60), (&goes, 450)] {
        let standing = brand.standing(member).await;
        assert_eq!((&standing.member_id, standing.growth_value), (member, growth));
        assert_eq!(brand.list(member, None).await.len(), 1);
    }
}

#[tokio::test]
async fn a_coupon_that_was_redeemed_since_stays_with_the_survivor() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let (stays, goes) = (brand.member(), brand.member());
    let [first, second] = [
        brand.one("june", &goes).await.coupon_id,
        brand.one("june", &goes).await.coupon_id,
    ];
    brand.tell_merged_as(MERGE, &stays, &goes);
    brand.settle().await;
    let merged_at = brand.harness.clock.now();
    brand.harness.clock.advance(std::time::Duration::from_secs(1));
    brand.lock("a", &first, "T-1", 900).await.unwrap();
    brand.redeem("b", &first, "T-1", 5_000).await.unwrap();
    let fact = MergeUndone {
        merge_id: MERGE.to_owned(),
        restored_member_id: goes.clone(),
        surviving_member_id: stays.clone(),
        merge_time: Some(merged_at.to_wire()),
        ..MergeUndone::default()
    };
    brand.harness.publish_of(brand.tenant, "identity", &fact, &stays);
    brand.settle().await;
    let ids = |coupons: Vec<Coupon>| coupons.into_iter().map(|coupon| coupon.coupon_id).collect::<Vec<_>>();
    assert_eq!(ids(brand.list(&goes, None).await), [second]);
    assert_eq!(ids(brand.list(&stays, None).await), [first]);
}

#[tokio::test]
async fn of_a_chain_each_member_gets_its_own_growth_and_coupons() {
    let brand = brand_with_ladder().await;
    brand.create(ten_off("june")).await.unwrap();
    let [a, b, c] = [brand.member(), brand.member(), brand.member()];
    for (member, growth) in [(&a, 1), (&b, 10), (&c, 600)] {
        brand.tell_earned(member, "growth", growth);
        brand.one("june", member).await;
    }
    brand.settle().await;
    brand.tell_merged_as(MERGE, &b, &a);
    brand.tell_merged_as(MERGE_AGAIN, &c, &b);
    brand.settle().await;
    assert_eq!(brand.standing(&a).await.growth_value, 611);
    brand.tell_undone(MERGE_AGAIN, &c, &b, &[&a]);
    brand.settle().await;
    let standing = brand.standing(&a).await;
    assert_eq!((&standing.member_id, standing.growth_value), (&b, 11));
    assert_eq!(
        (brand.list(&b, None).await.len(), brand.list(&c, None).await.len()),
        (2, 1)
    );
    brand.tell_undone(MERGE, &b, &a, &[]);
    brand.settle().await;
    for (member, growth) in [(&a, 1), (&b, 10), (&c, 600)] {
        let standing = brand.standing(member).await;
        assert_eq!((&standing.member_id, standing.growth_value), (member, growth));
        assert_eq!(brand.list(member, None).await.len(), 1);
    }
}
