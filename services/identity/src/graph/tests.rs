//! The rules of recognition, as sentences and as properties.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::Time;
use proptest::prelude::*;
use uuid::Uuid;

use super::identity::{Evidence, IdentityId, Proof};
use super::key::Kind;
use super::member::{CLAIMS_MAX, IDENTITIES_MAX};
use super::recognition::{Outcome, Verdict};
use super::*;
use crate::channel::Channel;
use crate::profile::Attribute;
use crate::profile::{Profile, Source};

/// A graph whose clock goes on by a second with each step.
struct World {
    graph: Graph,
    steps: AtomicU32,
}

impl World {
    fn new() -> Self {
        let channels = [("tmall", 1), ("wechat", 2), ("pos", 3), ("web", 4)].map(|(code, trust_rank)| Channel {
            code: code.to_owned(),
            kind: 1,
            display_name: code.to_owned(),
            account: String::new(),
            union_code: Some("open".to_owned()),
            trust_rank,
            create_time: Time::EPOCH,
            version: 1,
        });
        Self {
            graph: Graph::new(Channels::new(channels), Vec::new()),
            steps: AtomicU32::new(0),
        }
    }

    fn at<R>(&mut self, step: impl FnOnce(&mut Graph, &Moment<'_>) -> R) -> R {
        let steps = &self.steps;
        let next = || steps.fetch_add(1, Ordering::Relaxed) + 1;
        let new_uuid = || Uuid::from_u128(u128::from(next()));
        let now = Time::from_seconds(i64::from(next()));
        step(
            &mut self.graph,
            &Moment {
                now,
                new_uuid: &new_uuid,
            },
        )
    }

    fn resolve(&mut self, arrival: &Arrival) -> Resolution {
        self.at(|graph, moment| graph.resolve(arrival, moment))
    }

    fn member(&self, id: MemberId) -> Member {
        self.graph.member(id).unwrap().clone()
    }

    fn merge(&mut self, one: MemberId, other: MemberId, accept_conflicts: bool) -> Result<Merge, MergeError> {
        let (one, other) = (self.member(one), self.member(other));
        self.at(|graph, moment| graph.merge(&one, &other, accept_conflicts, "", moment))
    }

    fn link(&mut self, member: MemberId, evidence: &Evidence) -> Result<Identity, LinkError> {
        let member = self.member(member);
        self.at(|graph, moment| graph.link(&member, evidence, moment))
    }

    fn alive(&self) -> Vec<Member> {
        self.graph
            .nodes
            .values()
            .filter(|node| node.absorbed_by.is_none())
            .map(|node| node.now.clone())
            .collect()
    }
}

fn key(kind: Kind, scope: &str, value: &str) -> Key {
    Key {
        kind,
        scope: scope.to_owned(),
        value: value.to_owned(),
    }
}

fn evidence(kind: Kind, value: &str, proof: Proof) -> Evidence {
    let scope = if kind == Kind::UnionId { "open" } else { "" };
    Evidence {
        key: key(kind, scope, value),
        proof,
        blocked: false,
        source_channel: None,
    }
}

fn phone(value: &str) -> Evidence {
    evidence(Kind::Phone, value, Proof::Code)
}

fn union(value: &str) -> Evidence {
    evidence(Kind::UnionId, value, Proof::Platform)
}

fn arrival(channel: &str, external_id: &str, evidence: impl IntoIterator<Item = Evidence>) -> Arrival {
    Arrival {
        channel: Some(channel.to_owned()),
        anchor: Some(key(Kind::ExternalId, channel, external_id)),
        evidence: evidence.into_iter().collect(),
        profile: Profile::default(),
        register_time: None,
    }
}

fn named(mut arrival: Arrival, name: &str) -> Arrival {
    let source = arrival.channel.clone().map_or(Source::Import, Source::Channel);
    arrival.profile = Profile::new([(
        Field::Name,
        Attribute {
            value: name.to_owned(),
            source,
        },
    )]);
    arrival
}

#[test]
fn a_new_person_is_registered_and_then_found() {
    let mut world = World::new();
    let first = world.resolve(&arrival("tmall", "t1", [phone("+8613711112222")]));
    assert_eq!(
        (first.outcome, &*first.verdicts),
        (Outcome::Created, &[Verdict::Linked][..])
    );
    let again = world.resolve(&arrival("tmall", "t1", [phone("+8613711112222")]));
    assert_eq!(
        (again.outcome, again.member, &*again.verdicts),
        (Outcome::Found, first.member, &[Verdict::Confirmed][..])
    );
    assert_eq!(world.graph.events.len(), 1);
}

#[test]
fn verified_evidence_leads_to_the_member_in_another_channel() {
    let mut world = World::new();
    let first = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let second = world.resolve(&arrival("wechat", "w1", [phone("p"), union("u")]));
    assert_eq!((second.outcome, second.member), (Outcome::Linked, first.member));
    assert_eq!(second.verdicts, [Verdict::Confirmed, Verdict::Linked]);
    assert_eq!(world.member(first.member).channel_codes(), ["tmall", "wechat"]);
}

#[test]
fn unverified_evidence_leads_to_nobody_and_is_noted() {
    let mut world = World::new();
    let owner = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let stranger = world.resolve(&arrival("pos", "c1", [evidence(Kind::Phone, "p", Proof::None)]));
    assert_eq!(
        (stranger.outcome, &*stranger.verdicts),
        (Outcome::Created, &[Verdict::Claimed][..])
    );
    assert_ne!(stranger.member, owner.member);
    assert_eq!(world.member(stranger.member).claims().count(), 1);
    assert_eq!(world.graph.holder(&key(Kind::Phone, "", "p")).unwrap().id, owner.member);
}

#[test]
fn a_device_leads_to_nobody_however_it_is_proved() {
    let mut world = World::new();
    let device = || evidence(Kind::Device, "tablet-in-the-shop", Proof::Presented);
    let one = world.resolve(&arrival("web", "a", [device()]));
    let other = world.resolve(&arrival("web", "b", [device()]));
    assert_ne!(one.member, other.member);
    assert_eq!(other.verdicts, [Verdict::Claimed]);
}

#[test]
fn evidence_that_points_at_two_members_merges_them() {
    let mut world = World::new();
    let shopper = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let follower = world.resolve(&arrival("wechat", "w1", [union("u")]));
    let one = world.resolve(&arrival("wechat", "w1", [union("u"), phone("p")]));
    assert_eq!((one.outcome, one.member), (Outcome::Merged, shopper.member));
    assert_eq!(one.absorbed, [follower.member]);
    assert_eq!(world.member(follower.member).id, shopper.member);
}

#[test]
fn a_shared_phone_does_not_merge_a_household() {
    let mut world = World::new();
    let husband = world.resolve(&arrival("wechat", "w1", [union("u1"), phone("shared")]));
    let wife = world.resolve(&arrival("wechat", "w2", [union("u2")]));
    let wife_again = world.resolve(&arrival("wechat", "w2", [union("u2"), phone("shared")]));
    assert_eq!((wife_again.outcome, wife_again.member), (Outcome::Found, wife.member));
    assert_eq!(
        wife_again.verdicts,
        [Verdict::Confirmed, Verdict::Conflict(husband.member)]
    );
    // Also where the wife was unknown before, and only her openid tells the two apart.
    let child = world.resolve(&arrival("wechat", "w3", [phone("shared")]));
    assert_eq!(
        (child.outcome, &*child.verdicts),
        (Outcome::Created, &[Verdict::Conflict(husband.member)][..])
    );
    assert_eq!(world.alive().len(), 3);
}

#[test]
fn two_verified_ids_of_one_kind_never_merge_but_by_hand() {
    let mut world = World::new();
    let one = world.resolve(&arrival("tmall", "t1", [phone("p1")]));
    let other = world.resolve(&arrival("wechat", "w1", [phone("p2")]));
    assert_eq!(
        world.merge(one.member, other.member, false).unwrap_err(),
        MergeError::Distinct {
            kind: Kind::Phone,
            scope: String::new()
        }
    );
    let merge = world.merge(one.member, other.member, true).unwrap();
    assert_eq!(merge.survivor.verified().count(), 4);
    assert_eq!(
        world.merge(one.member, other.member, true).unwrap_err(),
        MergeError::AlreadyOne
    );
    assert_eq!(world.graph.holder(&key(Kind::Phone, "", "p2")).unwrap().id, one.member);
}

#[test]
fn an_identity_in_use_is_never_moved_silently() {
    let mut world = World::new();
    let owner = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let other = world.resolve(&arrival("wechat", "w1", []));
    assert_eq!(
        world.link(other.member, &phone("p")),
        Err(LinkError::InUse(owner.member))
    );
    let external = Evidence {
        key: key(Kind::ExternalId, "tmall", "t1"),
        ..phone("")
    };
    assert_eq!(world.link(other.member, &external), Err(LinkError::InUse(owner.member)));
    assert_eq!(world.graph.holder(&key(Kind::Phone, "", "p")).unwrap().id, owner.member);
}

#[test]
fn a_second_phone_is_noted_and_the_first_stays() {
    let mut world = World::new();
    let one = world.resolve(&arrival("tmall", "t1", [phone("p1")]));
    let again = world.resolve(&arrival("tmall", "t1", [phone("p2")]));
    assert_eq!(
        (again.outcome, &*again.verdicts),
        (Outcome::Found, &[Verdict::Occupied][..])
    );
    let occupant = world.member(one.member).occupant((Kind::Phone, "")).unwrap().id;
    assert_eq!(world.link(one.member, &phone("p3")), Err(LinkError::Occupied(occupant)));
}

#[test]
fn known_beats_anonymous_and_older_beats_newer() {
    let mut world = World::new();
    let anonymous = world.resolve(&arrival("web", "visitor", []));
    let known = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let one = world.resolve(&arrival("web", "visitor", [phone("p")]));
    assert_eq!((one.member, &*one.absorbed), (known.member, &[anonymous.member][..]));
    // The member's history begins with its first trace.
    assert!(world.member(known.member).register_time < Time::from_seconds(3));

    let younger = world.resolve(&arrival("wechat", "w1", [union("u")]));
    let one = world.resolve(&arrival("tmall", "t1", [union("u")]));
    assert_eq!((one.member, &*one.absorbed), (known.member, &[younger.member][..]));
    assert_eq!(world.member(anonymous.member).id, known.member);
}

#[test]
fn union_ids_and_app_ids_are_kept_apart() {
    let mut world = World::new();
    let by_app = world.resolve(&arrival("wechat", "same", []));
    let by_union = world.resolve(&arrival("pos", "c1", [union("same")]));
    assert_ne!(by_app.member, by_union.member);
    let in_other_channel = world.resolve(&arrival("tmall", "same", []));
    assert_ne!(in_other_channel.member, by_app.member);
}

#[test]
fn a_claim_that_is_proved_keeps_its_id_and_leads_from_then_on() {
    let mut world = World::new();
    let one = world.resolve(&arrival("pos", "c1", [evidence(Kind::Phone, "p", Proof::None)]));
    let claim: IdentityId = world.member(one.member).claims().next().unwrap().id;
    let proved = world.link(one.member, &phone("p")).unwrap();
    assert_eq!((proved.id, proved.verified), (claim, true));
    assert_eq!(world.resolve(&arrival("tmall", "t1", [phone("p")])).member, one.member);
}

#[test]
fn the_last_verified_identity_stays() {
    let mut world = World::new();
    let one = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    let member = world.member(one.member);
    let ids: Vec<IdentityId> = member.identities.iter().map(|identity| identity.id).collect();
    world.at(|graph, moment| graph.unlink(&member, ids[1], moment)).unwrap();
    let member = world.member(one.member);
    assert_eq!(
        world.at(|graph, moment| graph.unlink(&member, ids[1], moment)),
        Err(UnlinkError::NotFound)
    );
    assert_eq!(
        world.at(|graph, moment| graph.unlink(&member, ids[0], moment)),
        Err(UnlinkError::Last)
    );
    assert!(world.graph.holder(&key(Kind::Phone, "", "p")).is_none());
}

#[test]
fn identities_and_claims_of_a_member_are_capped() {
    let mut world = World::new();
    let one = world.resolve(&arrival("tmall", "t1", [])).member;
    let external = |n: usize| Evidence {
        key: key(Kind::ExternalId, &format!("c{n}"), "x"),
        ..phone("")
    };
    for n in 1..IDENTITIES_MAX {
        world.link(one, &external(n)).unwrap();
    }
    assert_eq!(
        world.link(one, &external(0)),
        Err(LinkError::LimitReached(IDENTITIES_MAX))
    );
    let full = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    assert_eq!(full.verdicts, [Verdict::LimitReached]);
    let other = world.resolve(&arrival("wechat", "w1", [phone("p")])).member;
    let conflict = world.resolve(&arrival("tmall", "t1", [phone("p")]));
    assert_eq!(conflict.verdicts, [Verdict::Conflict(other)]);
    assert_eq!(world.merge(one, other, true).unwrap_err(), MergeError::LimitReached);

    for n in 0..CLAIMS_MAX * 2 {
        world.resolve(&arrival(
            "wechat",
            "w1",
            [evidence(Kind::Device, &format!("d{n}"), Proof::None)],
        ));
    }
    assert_eq!(world.member(other).claims().count(), CLAIMS_MAX);
    assert_eq!(
        world.link(other, &evidence(Kind::Device, "one more", Proof::None)),
        Err(LinkError::LimitReached(CLAIMS_MAX))
    );
}

#[test]
fn the_more_trusted_source_wins_and_the_first_among_equals() {
    let mut world = World::new();
    let name = |world: &World, id| world.member(id).profile.value(Field::Name).to_owned();
    let one = world.resolve(&named(arrival("pos", "c1", [phone("p")]), "till")).member;
    world.resolve(&named(arrival("pos", "c1", []), "till, later"));
    assert_eq!(name(&world, one), "till");
    world.resolve(&named(arrival("tmall", "t1", [phone("p")]), "shop"));
    assert_eq!(name(&world, one), "shop");
    world.resolve(&named(arrival("pos", "c1", []), "till"));
    assert_eq!(name(&world, one), "shop");
    world.at(|graph, moment| graph.update(one, &[(Field::Name, "herself".to_owned())], moment));
    world.resolve(&named(arrival("tmall", "t1", []), "shop"));
    assert_eq!(name(&world, one), "herself");
}

#[test]
fn one_request_makes_one_version_and_a_repetition_none() {
    let mut world = World::new();
    let one = world.resolve(&arrival("tmall", "t1", [phone("p")])).member;
    let read = world.member(one);
    world.graph = Graph::new(Channels::default(), vec![read]);
    world.resolve(&arrival("tmall", "t1", [phone("p")]));
    assert!(world.graph.changes().is_empty());
    world.resolve(&arrival("tmall", "t1", [union("u")]));
    world.at(|graph, moment| graph.update(one, &[(Field::City, "Hangzhou".to_owned())], moment));
    assert_eq!(world.member(one).version, 2);
    assert_eq!(world.graph.changes().added.len(), 1);
}

/// People, each with ids of their own, and the arrivals that show them, in which neighbours in a person's list share an id.
fn people() -> impl Strategy<Value = Vec<Arrival>> {
    let person = prop::collection::vec((0_usize..3, prop::collection::btree_set(0_usize..3, 1..=3)), 1..5);
    prop::collection::vec(person, 1..4).prop_map(|people| {
        let mut arrivals = Vec::new();
        for (number, visits) in people.iter().enumerate() {
            for (channel, kinds) in visits {
                let channel = ["tmall", "wechat", "pos"][*channel];
                // The phone comes with every visit, so that all visits of a person belong together.
                let pieces = kinds.iter().map(|kind| match kind {
                    0 => union(&format!("u{number}")),
                    1 => evidence(Kind::CardNumber, &format!("c{number}"), Proof::Presented),
                    _ => evidence(Kind::Email, &format!("e{number}"), Proof::Code),
                });
                let mut evidence: Vec<Evidence> = pieces.collect();
                evidence.push(phone(&format!("p{number}")));
                arrivals.push(arrival(channel, &format!("x{number}"), evidence));
            }
        }
        arrivals
    })
}

proptest! {
    /// The platform's degraded mode replays a join ten times, out of order.
    #[test]
    fn replay_any_permutation_any_number_of_times_one_member(
        arrivals in people().prop_flat_map(|arrivals| {
            let repeated: Vec<Arrival> = arrivals.iter().cloned().cycle().take(arrivals.len() * 3).collect();
            Just(repeated).prop_shuffle()
        })
    ) {
        let mut world = World::new();
        for arrival in &arrivals {
            world.resolve(arrival);
        }
        let persons: BTreeSet<&str> =
            arrivals.iter().map(|arrival| &*arrival.anchor.as_ref().unwrap().value).collect();
        prop_assert_eq!(world.alive().len(), persons.len());
        let registered = world.graph.events.iter().filter(|h| matches!(h, Event::Registered(_))).count();
        prop_assert_eq!(registered, persons.len());
    }

    /// Whatever arrives: keys are one member's, nobody has two of a kind, old ids lead on, and repeating changes nothing.
    #[test]
    fn whatever_arrives_the_invariants_hold(
        visits in prop::collection::vec((0_usize..3, 0_u8..4, prop::collection::vec((0_usize..6, 0_u8..4, any::<bool>()), 0..4)), 1..30)
    ) {
        let mut world = World::new();
        let mut ids = BTreeSet::new();
        for (channel, external_id, pieces) in visits {
            let mut seen = BTreeSet::new();
            let pieces = pieces.into_iter().filter(|(kind, _, _)| seen.insert(*kind) && *kind != 0).map(|(kind, value, proved)| {
                evidence(Kind::ALL[kind], &value.to_string(), if proved { Proof::Code } else { Proof::None })
            });
            let visit = arrival(["tmall", "wechat", "pos"][channel], &external_id.to_string(), pieces.collect::<Vec<_>>());
            let first = world.resolve(&visit);
            ids.insert(first.member);
            ids.extend(&first.absorbed);
            let told = world.graph.events.len();
            let again = world.resolve(&visit);
            prop_assert_eq!(again.member, first.member);
            prop_assert_eq!(again.outcome, Outcome::Found);
            prop_assert_eq!(world.graph.events.len(), told);
        }
        let mut keys = BTreeSet::new();
        for member in world.alive() {
            let mut slots = BTreeSet::new();
            prop_assert!(member.verified().count() > 0);
            for identity in member.verified() {
                prop_assert!(keys.insert(identity.key.clone()), "a key of two members");
                prop_assert!(slots.insert((identity.key.kind, identity.key.scope.clone())), "two ids of one kind");
                prop_assert_eq!(world.graph.holder(&identity.key).map(|holder| holder.id), Some(member.id));
            }
        }
        for id in ids {
            prop_assert!(world.graph.member(id).is_some_and(|member| world.alive().contains(member)));
        }
    }

    /// The order in which the evidence of one arrival is written down does not matter.
    #[test]
    fn the_order_of_evidence_does_not_matter(
        before in people(),
        (pieces, shuffled) in Just(vec![union("u0"), phone("p1"), evidence(Kind::CardNumber, "c2", Proof::Code), evidence(Kind::Email, "e0", Proof::Code)])
            .prop_flat_map(|pieces| (Just(pieces.clone()), Just(pieces).prop_shuffle()))
    ) {
        let answers = [pieces, shuffled].map(|evidence| {
            let mut world = World::new();
            for arrival in &before {
                world.resolve(arrival);
            }
            let resolution = world.resolve(&arrival("web", "new", evidence.clone()));
            let verdicts: BTreeSet<String> =
                evidence.iter().zip(&resolution.verdicts).map(|(e, v)| format!("{} {v:?}", e.key)).collect();
            (resolution.member, resolution.outcome, verdicts)
        });
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}
