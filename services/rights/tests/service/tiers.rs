//! The ladder, and the members on it.

use std::time::Duration;

use contracts_rights::v1::TierChangeCause::{Growth, Ladder, Registered};
use contracts_rights::v1::*;

use crate::brand::{LADDER, brand, brand_with_ladder, ladder_request, reason, refusal, wrong_fields};

fn words(history: &[(&str, TierChangeCause)]) -> Vec<(String, TierChangeCause)> {
    history
        .iter()
        .map(|(code, cause)| ((*code).to_owned(), *cause))
        .collect()
}

#[tokio::test]
async fn a_member_is_promoted_on_what_was_earned_at_exactly_the_threshold() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    for (earned, tier) in [
        (99, "bronze"),
        (1, "silver"),
        (399, "silver"),
        (1, "gold"),
        (1_499, "gold"),
        (1, "platinum"),
    ] {
        brand.tell_earned(&member, "growth", earned);
        brand.settle().await;
        assert_eq!(brand.tier(&member).await, tier);
    }
    let expected = [
        ("bronze", Growth),
        ("silver", Growth),
        ("gold", Growth),
        ("platinum", Growth),
    ];
    assert_eq!(brand.history(&member).await, words(&expected));
}

#[tokio::test]
async fn redeeming_does_not_lower_growth_and_giving_it_back_does_not_raise_it() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_earned(&member, "growth", 450);
    // 400 were redeemed, which growth does not follow; the redemption is reversed.
    brand.tell_reversed(&member, 400);
    brand.settle().await;
    assert_eq!(brand.standing(&member).await.growth_value, 450);
    assert_eq!(brand.tier(&member).await, "silver");
}

#[tokio::test]
async fn corrections_by_hand_and_the_repayment_of_debts_change_growth() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_adjusted(&member, 490);
    brand.tell_adjusted(&member, -20);
    brand.tell_debt_repaid(&member, 20);
    brand.settle().await;
    assert_eq!(brand.standing(&member).await.growth_value, 450);
    assert_eq!(brand.tier(&member).await, "silver");
}

#[tokio::test]
async fn what_is_taken_back_or_expires_lowers_growth_and_keeps_the_tier() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_earned(&member, "growth", 600);
    brand.tell_reversed(&member, -250);
    brand.tell_expired(&member, 300);
    brand.settle().await;
    let standing = brand.standing(&member).await;
    assert_eq!(
        (standing.growth_value, standing.tier.unwrap().code.as_str()),
        (50, "gold")
    );
    brand.tell_earned(&member, "growth", 1_949);
    brand.settle().await;
    assert_eq!(brand.tier(&member).await, "gold");
    brand.tell_earned(&member, "growth", 1);
    brand.settle().await;
    assert_eq!(brand.tier(&member).await, "platinum");
}

#[tokio::test]
async fn nobody_is_demoted_over_three_years_of_earning_and_expiring() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    let mut highest = String::new();
    for quarter in 0..12 {
        brand.tell_earned(&member, "growth", 60);
        if quarter >= 4 {
            brand.tell_expired(&member, 60);
        }
        brand.harness.clock.advance(Duration::from_hours(91 * 24));
        brand.settle().await;
        let tier = brand.tier(&member).await;
        assert!(highest != "silver" || tier == "silver");
        highest = tier;
    }
    assert_eq!(
        (highest.as_str(), brand.standing(&member).await.growth_value),
        ("silver", 240)
    );
    assert_eq!(brand.history(&member).await.len(), 2);
}

#[tokio::test]
async fn a_registered_member_stands_on_the_lowest_tier_and_sees_the_way_to_the_next() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_registered(&member);
    brand.tell_earned(&member, "growth", 25);
    brand.tell_earned(&member, "points", 90_000);
    brand.settle().await;
    let standing = brand.standing(&member).await;
    assert_eq!(standing.reach_time, Some(brand.harness.clock.now().to_wire()));
    let progress = standing.progress.unwrap();
    assert_eq!(progress.next_tier.unwrap().code, "silver");
    assert_eq!((progress.missing_growth_value, progress.done_basis_points), (75, 2_500));
    let history = brand.history(&member).await;
    assert_eq!(history.len(), 1);
    // Which of the two facts comes first is open: they are of two services.
    assert!(history == words(&[("bronze", Registered)]) || history == words(&[("bronze", Growth)]));
}

#[tokio::test]
async fn a_member_of_whom_nothing_is_known_stands_on_the_lowest_tier() {
    let brand = brand_with_ladder().await;
    let standing = brand.standing(&brand.member()).await;
    assert_eq!(
        (
            standing.tier.unwrap().code.as_str(),
            standing.growth_value,
            standing.reach_time
        ),
        ("bronze", 0, None)
    );
}

#[tokio::test]
async fn the_highest_tier_has_no_next() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_earned(&member, "growth", 2_000);
    brand.settle().await;
    assert_eq!(brand.standing(&member).await.progress, None);
}

#[tokio::test]
async fn a_promotion_is_told_once_with_the_growth_that_decided_it() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    brand.tell_earned(&member, "growth", 700);
    brand.tell_earned(&member, "growth", 1);
    brand.settle().await;
    let published = brand.harness.published().await;
    let facts: Vec<_> = published
        .iter()
        .filter(|row| row.kind == "rights.tier_changed")
        .collect();
    assert_eq!(facts.len(), 1);
    let fact: TierChanged = prost::Message::decode(&*facts[0].payload).unwrap();
    let expected = TierChanged {
        member_id: member.clone(),
        from_tier_code: String::new(),
        to_tier_code: "gold".to_owned(),
        growth_value: 700,
        change_time: Some(brand.harness.clock.now().to_wire()),
    };
    assert_eq!((fact, facts[0].subject.as_str()), (expected, member.as_str()));
}

#[tokio::test]
async fn a_ladder_that_is_set_later_counts_what_was_earned_before() {
    let brand = brand().await;
    let member = brand.member();
    brand.tell_earned(&member, "growth", 500);
    brand.settle().await;
    brand.put_ladder("late", &LADDER).await.unwrap();
    assert_eq!(brand.tier(&member).await, "gold", "read before the worker comes by");
    brand.settle().await;
    assert_eq!(brand.history(&member).await, words(&[("gold", Ladder)]));
}

#[tokio::test]
async fn a_changed_ladder_promotes_demotes_nobody_and_replaces_tiers_that_are_gone() {
    let brand = brand_with_ladder().await;
    let (rises, stays, moves) = (brand.member(), brand.member(), brand.member());
    brand.tell_earned(&rises, "growth", 80);
    brand.tell_earned(&stays, "growth", 100);
    brand.tell_earned(&moves, "growth", 600);
    brand.settle().await;
    // Silver becomes dearer for all and bronze gives way to a cheaper step; gold is gone.
    brand
        .put_ladder(
            "second",
            &[("bronze", 0), ("copper", 50), ("silver", 200), ("platinum", 5_000)],
        )
        .await
        .unwrap();
    brand.settle().await;
    assert_eq!(brand.tier(&rises).await, "copper");
    assert_eq!(brand.tier(&stays).await, "silver");
    assert_eq!(brand.tier(&moves).await, "silver");
    assert_eq!(
        brand.history(&rises).await,
        words(&[("bronze", Growth), ("copper", Ladder)])
    );
    assert_eq!(brand.history(&stays).await, words(&[("silver", Growth)]));
    assert_eq!(
        brand.history(&moves).await,
        words(&[("gold", Growth), ("silver", Ladder)])
    );
}

#[tokio::test]
async fn a_changed_ladder_reaches_every_member_however_many() {
    let brand = brand_with_ladder().await;
    let members: Vec<String> = (0..1_203).map(|_| brand.member()).collect();
    for member in &members {
        brand.tell_earned(member, "growth", 50);
    }
    brand.settle().await;
    brand
        .put_ladder("cheaper", &[("bronze", 0), ("silver", 50)])
        .await
        .unwrap();
    brand.settle().await;
    let counts: Vec<(String, i64)> = brand
        .summary()
        .await
        .tiers
        .into_iter()
        .map(|tier| (tier.tier_code, tier.member_count))
        .collect();
    assert_eq!(counts, [("bronze".to_owned(), 0), ("silver".to_owned(), 1_203)]);
}

#[tokio::test]
async fn a_ladder_is_replaced_only_over_the_one_that_was_read() {
    let brand = brand_with_ladder().await;
    let etag = brand
        .tiers()
        .get_tier_ladder(GetTierLadderRequest {})
        .await
        .unwrap()
        .into_inner()
        .tier_ladder
        .unwrap()
        .etag;
    let with = |request_id: &str, etag: &str, silver| UpsertTierLadderRequest {
        etag: etag.to_owned(),
        ..ladder_request(request_id, &[("bronze", 0), ("silver", silver)])
    };
    let second = brand
        .tiers()
        .upsert_tier_ladder(with("second", &etag, 10))
        .await
        .unwrap()
        .into_inner();
    let second = second.tier_ladder.unwrap().etag;
    assert_ne!(second, etag);
    let refused = refusal(brand.tiers().upsert_tier_ladder(with("third", &etag, 20)).await);
    assert_eq!(
        (
            refused.reason.as_str(),
            &refused.metadata["etag"],
            &refused.metadata["sent"]
        ),
        ("ETAG_MISMATCH", &second, &etag)
    );
}

#[tokio::test]
async fn setting_the_same_ladder_again_changes_nothing() {
    let brand = brand_with_ladder().await;
    let first = brand
        .tiers()
        .get_tier_ladder(GetTierLadderRequest {})
        .await
        .unwrap()
        .into_inner()
        .tier_ladder
        .unwrap();
    brand.harness.clock.advance(Duration::from_mins(1));
    assert_eq!(brand.put_ladder("again", &LADDER).await.unwrap(), first);
}

#[tokio::test]
async fn a_ladder_begins_at_zero_ascends_and_names_each_tier_once() {
    let brand = brand().await;
    let outcome = brand
        .put_ladder("bad", &[("bronze", 5), ("silver", 5), ("bronze", 9)])
        .await;
    assert_eq!(
        wrong_fields(outcome),
        ["tiers[0].threshold", "tiers[1].threshold", "tiers[2].code"]
    );
    let outcome = brand.put_ladder("shape", &[("Gold!", 0)]).await;
    assert_eq!(wrong_fields(outcome), ["tiers[0].code"]);
}

#[tokio::test]
async fn without_a_ladder_there_is_no_tier() {
    let brand = brand().await;
    assert_eq!(
        reason(brand.tiers().get_tier_ladder(GetTierLadderRequest {}).await),
        "NOT_FOUND"
    );
    let request = GetMemberTierRequest {
        member_id: brand.member(),
    };
    assert_eq!(reason(brand.tiers().get_member_tier(request).await), "NOT_FOUND");
    let request = GetMemberTierRequest {
        member_id: "cpn_nobody".to_owned(),
    };
    assert_eq!(
        wrong_fields(brand.tiers().get_member_tier(request).await),
        ["member_id"]
    );
}

#[tokio::test]
async fn the_history_is_read_page_by_page_from_the_newest() {
    let brand = brand_with_ladder().await;
    let member = brand.member();
    for amount in [10, 90, 400, 1_500] {
        brand.tell_earned(&member, "growth", amount);
    }
    brand.settle().await;
    let page = |page_token: String| ListTierChangesRequest {
        member_id: member.clone(),
        page_size: 3,
        page_token,
    };
    let first = brand
        .tiers()
        .list_tier_changes(page(String::new()))
        .await
        .unwrap()
        .into_inner();
    let second = brand
        .tiers()
        .list_tier_changes(page(first.next_page_token.clone()))
        .await
        .unwrap()
        .into_inner();
    let codes = |page: &ListTierChangesResponse| -> Vec<String> {
        page.tier_changes
            .iter()
            .map(|change| change.to_tier_code.clone())
            .collect()
    };
    assert_eq!(
        (codes(&first), codes(&second)),
        (
            vec!["platinum".to_owned(), "gold".to_owned(), "silver".to_owned()],
            vec!["bronze".to_owned()]
        )
    );
    assert_eq!(second.next_page_token, "");
    assert_eq!(
        reason(brand.tiers().list_tier_changes(page("zz".to_owned())).await),
        "PAGE_TOKEN_INVALID"
    );
}
