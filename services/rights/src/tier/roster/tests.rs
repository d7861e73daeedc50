use kernel::Id;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::tier::Tier;

const TENANT: Tenant = Tenant::from_uuid(Uuid::from_u128(1));
const NOON: Time = Time::from_seconds(43_200);

fn member(number: u128) -> MemberKey {
    (TENANT, Id::from_uuid(Uuid::from_u128(number)))
}

/// Bronze from 0, silver from 100, gold from 500.
fn ladder(version: i64) -> HashMap<Tenant, TierLadder> {
    let tier = |code: &str, threshold| Tier {
        code: code.to_owned(),
        name: code.to_owned(),
        threshold,
    };
    let tiers = vec![tier("bronze", 0), tier("silver", 100), tier("gold", 500)];
    let ladder = TierLadder::new("growth".to_owned(), tiers, version, Time::EPOCH).unwrap();
    HashMap::from([(TENANT, ladder)])
}

fn roster() -> Roster {
    Roster::new(ladder(1), BTreeMap::new())
}

fn play(roster: &mut Roster, change: Change) {
    roster.play(&Event { change, time: NOON });
}

fn grown(who: u128, asset_code: &str, amount: i64) -> Change {
    Change::Growth {
        member: member(who),
        asset_code: asset_code.to_owned(),
        amount,
    }
}

fn merged(surviving: u128, absorbed: u128) -> Change {
    Change::Merged {
        surviving: member(surviving),
        absorbed: member(absorbed),
    }
}

fn way(outcome: &Outcome, of: MemberKey) -> Vec<(&str, Cause)> {
    let changes = outcome.tier_changes.iter().filter(|change| change.member == of);
    changes.map(|change| (change.to.as_str(), change.cause)).collect()
}

#[test]
fn a_member_climbs_when_the_growth_value_reaches_a_threshold() {
    let mut roster = roster();
    play(&mut roster, Change::Registered(member(1)));
    play(&mut roster, grown(1, "growth", 99));
    play(&mut roster, grown(1, "growth", 1));
    play(&mut roster, grown(1, "points", 10_000));
    play(&mut roster, grown(1, "growth", 400));
    let outcome = roster.finish();
    let expected = [
        ("bronze", Cause::Registered),
        ("silver", Cause::Growth),
        ("gold", Cause::Growth),
    ];
    assert_eq!(way(&outcome, member(1)), expected);
    assert_eq!(outcome.tier_changes[1].growth_value, 100);
}

#[test]
fn growth_that_is_taken_back_lowers_the_value_and_keeps_the_tier() {
    let mut roster = roster();
    play(&mut roster, grown(1, "growth", 120));
    play(&mut roster, grown(1, "growth", -120));
    play(&mut roster, grown(1, "growth", 499));
    let outcome = roster.finish();
    assert_eq!(way(&outcome, member(1)), [("silver", Cause::Growth)]);
    assert_eq!(outcome.standings[&member(1)].growth_value("growth"), 499);
}

#[test]
fn a_member_placed_by_an_older_ladder_is_placed_anew_before_the_next_fact() {
    let standing = Standing {
        tier: Some(ReachedTier {
            code: "bronze".to_owned(),
            time: Time::EPOCH,
        }),
        growth: BTreeMap::from([("growth".to_owned(), 200)]),
        ladder_version: 1,
    };
    let mut roster = Roster::new(ladder(2), BTreeMap::from([(member(1), standing)]));
    play(&mut roster, grown(1, "growth", 300));
    let outcome = roster.finish();
    assert_eq!(
        way(&outcome, member(1)),
        [("silver", Cause::Ladder), ("gold", Cause::Growth)]
    );
    assert_eq!(outcome.standings[&member(1)].ladder_version, 2);
}

#[test]
fn the_survivor_of_a_merge_has_both_growth_values_and_the_higher_tier() {
    let mut roster = roster();
    play(&mut roster, grown(1, "growth", 60));
    play(&mut roster, grown(2, "growth", 50));
    play(&mut roster, merged(1, 2));
    play(&mut roster, grown(2, "growth", 390));
    let outcome = roster.finish();
    let expected = [
        ("bronze", Cause::Growth),
        ("silver", Cause::Merge),
        ("gold", Cause::Growth),
    ];
    assert_eq!(way(&outcome, member(1)), expected);
    assert_eq!(
        outcome.growth_changes,
        BTreeMap::from([((member(1), "growth".to_owned()), 500)])
    );
    assert_eq!(outcome.merges, BTreeMap::from([(member(2), member(1))]));
    assert!(!outcome.standings.contains_key(&member(2)));
}

/// A member with 60 who absorbed one with 500.
fn merged_two() -> (Outcome, Roster) {
    let mut roster = roster();
    play(&mut roster, grown(1, "growth", 60));
    play(&mut roster, grown(2, "growth", 500));
    play(&mut roster, merged(1, 2));
    let outcome = roster.finish();
    let again = Roster::new(ladder(1), outcome.standings.clone());
    (outcome, again)
}

#[test]
fn the_undo_of_a_merge_gives_back_growth_and_tier_and_takes_what_was_not_the_survivor_s() {
    let (merged, mut roster) = merged_two();
    play(&mut roster, grown(1, "growth", 45));
    roster.part(&merged.absorptions[0], &[], NOON);
    let outcome = roster.finish();
    let (survivor, restored) = (&outcome.standings[&member(1)], &outcome.standings[&member(2)]);
    assert_eq!(
        (survivor.growth_value("growth"), survivor.tier_code()),
        (105, Some("silver"))
    );
    assert_eq!(
        (restored.growth_value("growth"), restored.tier_code()),
        (500, Some("gold"))
    );
    assert_eq!(way(&outcome, member(1)), [("silver", Cause::Merge)]);
    assert_eq!(way(&outcome, member(2)), [], "it has the tier that it had");
}

#[test]
fn after_an_undo_the_tier_that_another_member_brought_stays() {
    let (merged, mut roster) = merged_two();
    roster.part(&merged.absorptions[0], &["silver".to_owned()], NOON);
    assert_eq!(roster.finish().standings[&member(1)].tier_code(), Some("silver"));
    let (merged, mut roster) = merged_two();
    roster.part(&merged.absorptions[0], &[], NOON);
    assert_eq!(roster.finish().standings[&member(1)].tier_code(), Some("bronze"));
}

#[test]
fn a_merge_brings_a_tier_that_was_kept_after_its_growth_was_taken_back() {
    let mut roster = roster();
    play(&mut roster, grown(2, "growth", 500));
    play(&mut roster, grown(2, "growth", -500));
    play(&mut roster, Change::Registered(member(1)));
    play(&mut roster, merged(1, 2));
    assert_eq!(
        way(&roster.finish(), member(1)),
        [("bronze", Cause::Registered), ("gold", Cause::Merge)]
    );
}

#[test]
fn merges_in_a_row_lead_to_the_last_survivor() {
    let mut roster = roster();
    play(&mut roster, merged(2, 1));
    play(&mut roster, merged(3, 2));
    play(&mut roster, merged(1, 3));
    play(&mut roster, grown(1, "growth", 100));
    let outcome = roster.finish();
    assert_eq!(
        outcome.merges,
        BTreeMap::from([(member(1), member(3)), (member(2), member(3))])
    );
    assert_eq!(outcome.standings[&member(3)].growth_value("growth"), 100);
}

#[test]
fn growth_is_tracked_where_there_is_no_ladder_yet() {
    let mut roster = Roster::new(HashMap::new(), BTreeMap::new());
    play(&mut roster, Change::Registered(member(1)));
    play(&mut roster, grown(1, "growth", 700));
    let outcome = roster.finish();
    assert!(outcome.tier_changes.is_empty());
    assert_eq!(outcome.standings[&member(1)].growth_value("growth"), 700);
}

fn any_event() -> impl Strategy<Value = Event> {
    let change = prop_oneof![
        6 => (1..6_u128, -200..300_i64).prop_map(|(who, amount)| grown(who, "growth", amount)),
        1 => (1..6_u128, 1..6_u128).prop_map(|(surviving, absorbed)| merged(surviving, absorbed)),
    ];
    change.prop_map(|change| Event { change, time: NOON })
}

fn rank(code: &str) -> usize {
    ["bronze", "silver", "gold"]
        .iter()
        .position(|tier| *tier == code)
        .unwrap()
}

proptest! {
    #[test]
    fn nothing_earned_is_lost_or_minted_and_nobody_falls(events in proptest::collection::vec(any_event(), 0..60)) {
        let mut roster = roster();
        let mut earned = 0;
        for event in &events {
            if let Change::Growth { amount, .. } = &event.change {
                earned += amount;
            }
            roster.play(event);
        }
        let outcome = roster.finish();
        let held: i64 = outcome.standings.values().flat_map(|standing| standing.growth.values()).sum();
        prop_assert_eq!(held, earned);
        prop_assert_eq!(outcome.growth_changes.values().sum::<i64>(), earned);
        for change in &outcome.tier_changes {
            prop_assert!(change.from.as_deref().is_none_or(|from| rank(from) < rank(&change.to)));
        }
    }

    #[test]
    fn batches_do_not_matter(events in proptest::collection::vec(any_event(), 0..40), cut in 0..40_usize) {
        let mut whole = roster();
        for event in &events {
            whole.play(event);
        }
        let whole = whole.finish();

        let (first, second) = events.split_at(cut.min(events.len()));
        let mut roster = roster();
        for event in first {
            roster.play(event);
        }
        let before = roster.finish();
        let mut roster = Roster::new(ladder(1), before.standings.clone());
        for event in second {
            let follow = |member: MemberKey| before.merges.get(&member).copied().unwrap_or(member);
            roster.play(&event.clone().redirected(follow));
        }
        let after = roster.finish();
        prop_assert_eq!(&after.standings, &whole.standings);
        let changes: Vec<_> = before.tier_changes.into_iter().chain(after.tier_changes).collect();
        prop_assert_eq!(changes, whole.tier_changes);
    }
}
