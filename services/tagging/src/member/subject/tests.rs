use std::collections::{BTreeMap, BTreeSet};

use kernel::Time;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::activity::SourceKey;
use crate::member::{Field, Profile};
use crate::segment::condition::{Condition, Test};
use crate::tag::computation::{Aggregate, Computation, Operand};
use crate::tag::value::ValueType;
use crate::tag::{Tag, TagSource};

fn tag(code: &str, value_type: ValueType, source: TagSource) -> Tag {
    Tag {
        code: code.into(),
        display_name: code.into(),
        group: String::new(),
        description: String::new(),
        value_type,
        is_static: false,
        source,
        lifetime_days: None,
        is_backfilling: false,
        failure: None,
        version: 1,
        create_time: Time::EPOCH,
        update_time: Time::EPOCH,
    }
}

fn computed(code: &str, aggregate: Aggregate, window_days: Option<u16>) -> Tag {
    let computation = Computation {
        aggregate,
        activity_types: BTreeSet::from(["order_paid".to_owned()]),
        channel_codes: BTreeSet::new(),
        window_days,
    };
    tag(code, computation.value_type(), TagSource::Computed(computation))
}

fn tags() -> Vec<Tag> {
    vec![
        tag("score", ValueType::Int, TagSource::Manual),
        tag("vip", ValueType::Bool, TagSource::Imported),
        computed("orders", Aggregate::Count, None),
        computed("orders_5d", Aggregate::Count, Some(5)),
        computed("last_channel_9d", Aggregate::Last(Operand::ChannelCode), Some(9)),
    ]
}

fn order(number: usize, channel_code: &str, occur_time: Time) -> Activity {
    Activity {
        key: SourceKey {
            channel_code: channel_code.into(),
            activity_type: "order_paid".into(),
            source_id: number.to_string(),
        },
        external_id: String::new(),
        occur_time,
        amount: None,
        items: Vec::new(),
        discount: None,
        surcharge: None,
        refunded_source_id: String::new(),
        attributes: BTreeMap::new(),
    }
}

fn member_id() -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(7))
}

fn leaf(code: &str, test: Test) -> Condition {
    Condition::Tag {
        code: code.into(),
        test,
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (0_i64..4).prop_map(|n| leaf("score", Test::AtLeast(Value::Int(n)))),
        Just(leaf("vip", Test::In(BTreeSet::from([Value::Bool(true)])))),
        (1_i64..4).prop_map(|n| leaf("orders", Test::AtMost(Value::Int(n)))),
        (1_i64..3).prop_map(|n| leaf("orders_5d", Test::AtLeast(Value::Int(n)))),
        Just(leaf(
            "last_channel_9d",
            Test::In(BTreeSet::from([Value::Text("pos".into())]))
        )),
        Just(leaf("orders_5d", Test::IsSet)),
        Just(Condition::Profile {
            field: Field::City,
            words: BTreeSet::from(["suzhou".to_owned()])
        }),
        Just(Condition::Profile {
            field: Field::TierCode,
            words: BTreeSet::from(["gold".to_owned()])
        }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Condition::Any),
            inner.prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
    })
}

#[derive(Clone, Debug)]
enum Event {
    Ordered { channel: &'static str, days_ago: i64 },
    Scored(i64),
    Unscored,
    Vip { for_days: i64 },
    Moved(&'static str),
    Tier(&'static str),
    TimePassed { hours: i64 },
}

fn happenings() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (prop_oneof![Just("pos"), Just("tmall")], 0_i64..8)
            .prop_map(|(channel, days_ago)| Event::Ordered { channel, days_ago }),
        1 => (0_i64..4).prop_map(Event::Scored),
        1 => Just(Event::Unscored),
        1 => (1_i64..4).prop_map(|for_days| Event::Vip { for_days }),
        1 => prop_oneof![Just("suzhou"), Just("wuxi")].prop_map(Event::Moved),
        1 => prop_oneof![Just("gold"), Just("silver")].prop_map(Event::Tier),
        3 => (1_i64..72).prop_map(|hours| Event::TimePassed { hours }),
    ]
}

/// The rows as a database would keep them.
struct Rows {
    stored: Option<Stored>,
    history: Vec<Activity>,
    now: Time,
}

impl Rows {
    fn subject(&self, catalog: &Catalog) -> Subject {
        match &self.stored {
            Some(stored) => Subject::load(member_id(), stored.clone(), catalog, self.now),
            None => Subject::new(member_id()),
        }
    }

    fn revise(&mut self, event: &Event, catalog: &Catalog) {
        if let Event::TimePassed { hours } = event {
            self.now = Time::from_micros(self.now.micros() + hours * 3_600_000_000);
        }
        let mut subject = self.subject(catalog);
        match event {
            Event::Ordered { channel, days_ago } => {
                let order = order(self.history.len(), channel, self.now.plus_days(-days_ago));
                self.history.push(order.clone());
                subject.did(&order, catalog, self.now);
            }
            Event::Scored(score) => {
                let tag = catalog.tag("score").unwrap();
                subject
                    .assign("score", |held| {
                        tag.assign(held, Value::Int(*score), String::new(), None, self.now)
                    })
                    .unwrap();
            }
            Event::Unscored => {
                subject.remove("score");
            }
            Event::Vip { for_days } => {
                let (tag, until) = (catalog.tag("vip").unwrap(), Some(self.now.plus_days(*for_days)));
                subject
                    .assign("vip", |held| {
                        tag.assign(held, Value::Bool(true), String::new(), until, self.now)
                    })
                    .unwrap();
            }
            Event::Moved(city) => {
                let profile = Profile {
                    city: (*city).into(),
                    ..Profile::default()
                };
                subject.member.learn_profile(profile, self.now);
            }
            Event::Tier(tier) => subject.member.learn_tier((*tier).into(), self.now),
            Event::TimePassed { .. } => {}
        }
        self.settle(subject, catalog);
    }

    fn settle(&mut self, mut subject: Subject, catalog: &Catalog) {
        self.history
            .iter()
            .for_each(|activity| subject.fold(activity, catalog, self.now));
        let outcome = subject.settle(catalog, None, self.now);
        let empty = Stored {
            member: Member::unknown(),
            tags: BTreeMap::new(),
            segments: BTreeSet::new(),
        };
        let stored = self.stored.get_or_insert(empty);
        if let Some(change) = outcome.member {
            stored.member = change.after.unwrap();
        }
        for change in outcome.tags {
            match change.after {
                Some(tag) => stored.tags.insert(change.code, tag),
                None => stored.tags.remove(&change.code),
            };
        }
        for code in outcome.entered {
            assert!(stored.segments.insert(code), "nobody enters a segment twice");
        }
        for code in outcome.left {
            assert!(
                stored.segments.remove(&code),
                "nobody leaves a segment without having been in it"
            );
        }
    }

    /// The tags and segments of a member with this history, from nothing.
    fn afresh(&self, catalog: &Catalog) -> (BTreeMap<String, Value>, BTreeSet<String>) {
        let stored = self.stored.as_ref().unwrap();
        let mut tags: BTreeMap<String, MemberTag> = stored.tags.clone();
        tags.retain(|code, tag| catalog.tag(code).unwrap().computation().is_none() && !tag.is_due(self.now));
        for tag in catalog.computed() {
            if let Some(standing) = tag.computation().unwrap().over(&self.history, self.now) {
                tags.insert(tag.code.clone(), MemberTag::computed(standing, None, self.now));
            }
        }
        let holds = |code: &str| catalog.condition(code).unwrap().holds(&stored.member.profile, &tags);
        let segments = catalog
            .segments()
            .into_iter()
            .filter(|code| holds(code))
            .map(str::to_owned)
            .collect();
        (
            tags.into_iter().map(|(code, tag)| (code, tag.value)).collect(),
            segments,
        )
    }

    fn present(&self) -> (BTreeMap<String, Value>, BTreeSet<String>) {
        let stored = self.stored.as_ref().unwrap();
        let tags = stored
            .tags
            .iter()
            .map(|(code, tag)| (code.clone(), tag.value.clone()))
            .collect();
        (tags, stored.segments.clone())
    }
}

proptest! {
    #[test]
    fn incremental_membership_equals_evaluation_from_scratch(
        conditions in proptest::collection::vec(conditions(), 1..6),
        events in proptest::collection::vec(happenings(), 1..40),
    ) {
        let segments = conditions.into_iter().enumerate().map(|(i, condition)| (format!("s{i}"), condition));
        let catalog = Catalog::new(tags(), segments);
        let mut rows = Rows { stored: None, history: Vec::new(), now: Time::EPOCH.plus_days(100) };
        for event in &events {
            rows.revise(event, &catalog);
            prop_assert_eq!(rows.present(), rows.afresh(&catalog));
        }
    }

    /// A new tag finds members with a past. Until all are folded, an activity of theirs folds them at once.
    #[test]
    fn a_backfilled_tag_equals_one_that_was_always_there(
        events in proptest::collection::vec(happenings(), 1..30),
        created_after in 0_usize..30,
        backfilled_after in 0_usize..30,
    ) {
        let late = computed("orders_7d", Aggregate::Count, Some(7));
        let segments = || vec![("s".to_owned(), leaf("orders_7d", Test::AtLeast(Value::Int(2))))];
        let before = Catalog::new(tags(), []);
        let during = Catalog::new(tags().into_iter().chain([Tag { is_backfilling: true, ..late.clone() }]), segments());
        let after = Catalog::new(tags().into_iter().chain([late]), segments());
        let backfilled_after = created_after + backfilled_after;
        let mut rows = Rows { stored: None, history: Vec::new(), now: Time::EPOCH.plus_days(100) };
        rows.revise(&Event::Unscored, &before);
        for (i, event) in events.iter().enumerate() {
            let catalog = if i < created_after { &before } else if i < backfilled_after { &during } else { &after };
            if i == backfilled_after {
                let mut subject = rows.subject(&after);
                subject.distrust("orders_7d".into());
                rows.settle(subject, &after);
            }
            rows.revise(event, catalog);
        }
        if events.len() > backfilled_after {
            prop_assert_eq!(rows.present(), rows.afresh(&after));
        }
    }
}

/// The stored membership of a segment that the change does not touch is made wrong on purpose: it stays wrong, which
/// shows that nobody looked.
#[test]
fn only_the_segments_that_mention_the_change_are_evaluated() {
    let segments = vec![
        ("scored".to_owned(), leaf("score", Test::IsSet)),
        ("vips".to_owned(), leaf("vip", Test::IsSet)),
    ];
    let catalog = Catalog::new(tags(), segments);
    let stored = Stored {
        member: Member::unknown(),
        tags: BTreeMap::new(),
        segments: BTreeSet::from(["vips".to_owned()]),
    };
    let mut subject = Subject::load(member_id(), stored, &catalog, Time::EPOCH);
    let score = catalog.tag("score").unwrap();
    subject
        .assign("score", |held| {
            score.assign(held, Value::Int(1), String::new(), None, Time::EPOCH)
        })
        .unwrap();
    let outcome = subject.clone().settle(&catalog, None, Time::EPOCH);
    assert_eq!((outcome.entered, outcome.left), (vec!["scored".to_owned()], vec![]));
    let demanded = subject.settle(&catalog, Some("vips"), Time::EPOCH);
    assert_eq!(
        (demanded.entered, demanded.left),
        (vec!["scored".to_owned()], vec!["vips".to_owned()])
    );
}

#[test]
fn a_value_that_stays_the_same_touches_no_segment_and_tells_nothing() {
    let catalog = Catalog::new(tags(), vec![("wide".to_owned(), leaf("score", Test::IsSet))]);
    let score = catalog.tag("score").unwrap();
    let held = score
        .assign(None, Value::Int(1), "a".into(), None, Time::EPOCH)
        .unwrap();
    let tags = BTreeMap::from([("score".to_owned(), held)]);
    let stored = Stored {
        member: Member::unknown(),
        tags,
        segments: BTreeSet::new(),
    };
    let mut subject = Subject::load(member_id(), stored, &catalog, Time::EPOCH);
    subject
        .assign("score", |held| {
            score.assign(held, Value::Int(1), "b".into(), None, Time::EPOCH)
        })
        .unwrap();
    let outcome = subject.settle(&catalog, None, Time::EPOCH);
    assert_eq!(outcome.tags.len(), 1, "the new source is written");
    assert_eq!(outcome.tags[0].values(), None);
    assert!(outcome.entered.is_empty());
}

#[test]
fn of_two_assignments_the_later_survives_a_merge_and_a_static_tag_stays() {
    let fixed = Tag {
        is_static: true,
        ..tag("fixed", ValueType::Int, TagSource::Manual)
    };
    let catalog = Catalog::new(tags().into_iter().chain([fixed]), []);
    let at = |value, day| MemberTag {
        value: Value::Int(value),
        source: String::new(),
        assign_time: Time::EPOCH.plus_days(day),
        due_time: None,
        mark: None,
    };
    let subject = |score, fixed| {
        let tags = BTreeMap::from([("score".to_owned(), score), ("fixed".to_owned(), fixed)]);
        let stored = Stored {
            member: Member::unknown(),
            tags,
            segments: BTreeSet::new(),
        };
        Subject::load(member_id(), stored, &catalog, Time::EPOCH)
    };
    let mut survivor = subject(at(1, 1), at(1, 1));
    survivor.absorb(subject(at(2, 2), at(2, 2)), &catalog);
    assert_eq!(survivor.tag("score").map(|tag| &tag.value), Some(&Value::Int(2)));
    assert_eq!(survivor.tag("fixed").map(|tag| &tag.value), Some(&Value::Int(1)));
    assert_eq!(
        survivor.stale().count(),
        3,
        "the computed tags are folded from the activities of both"
    );
}
