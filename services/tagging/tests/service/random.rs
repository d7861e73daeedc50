//! Random data, and two ways to the same result: what was kept by each event, and what is worked out from scratch.

use std::collections::{BTreeMap, BTreeSet};

use contracts_tagging::v1::*;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::world::{
    World, all, any, at_least, computed, count, int, is_set, manual, member, not, profile, profile_is, tag_is, text,
};

fn computed_tags(prefix: &str) -> Vec<Tag> {
    let code = |name: &str| format!("{prefix}{name}");
    vec![
        count(&code("orders"), 0),
        count(&code("orders_5d"), 5),
        computed(&code("spent_9d"), Aggregate::Sum, Operand::Amount, 9),
        computed(&code("last_channel_7d"), Aggregate::Last, Operand::ChannelCode, 7),
        computed(&code("first_order_20d"), Aggregate::First, Operand::OccurTime, 20),
    ]
}

fn conditions() -> Vec<Condition> {
    vec![
        at_least("orders_5d", 2),
        not(is_set("orders_5d")),
        all(vec![at_least("spent_9d", 200), not(at_least("orders", 5))]),
        any(vec![
            tag_is("last_channel_7d", Comparison::Equals, vec![text("pos")]),
            profile_is(ProfileField::City, &["Suzhou"]),
        ]),
        all(vec![
            any(vec![is_set("vip"), profile_is(ProfileField::TierCode, &["gold"])]),
            is_set("orders"),
        ]),
        tag_is("orders", Comparison::AtMost, vec![int(3)]),
    ]
}

async fn happen(world: &World, random: &mut StdRng, step: usize) {
    let number = random.random_range(0..8);
    match random.random_range(0..10) {
        0..=4 => {
            let order = |i: usize, random: &mut StdRng| Activity {
                channel_code: ["tmall", "pos", "app"][random.random_range(0..3)].into(),
                ..world.order(
                    random.random_range(0..8),
                    &format!("o{step}_{i}"),
                    random.random_range(0..12),
                )
            };
            let mut orders: Vec<_> = (0..random.random_range(1..6)).map(|i| order(i, random)).collect();
            orders.extend(orders.first().cloned());
            world.record(orders).await;
        }
        5 => {
            world.assign(number, "vip", None).await;
        }
        6 => {
            world.remove(number, "vip").await;
        }
        7 => {
            world.updated(
                number,
                profile(["Suzhou", "Wuxi"][random.random_range(0..2)]),
                world.now(),
            );
            world.tier_changed(number, ["gold", "silver"][random.random_range(0..2)], world.now());
        }
        8 => {
            let hours = random.random_range(1..40);
            world
                .harness
                .clock
                .turn_to(kernel::Time::from_micros(world.now().micros() + hours * 3_600_000_000));
        }
        _ => world.harness.settle().await,
    }
}

#[tokio::test]
async fn what_is_kept_by_each_event_equals_what_is_worked_out_from_scratch() {
    for seed in 0..3 {
        let (world, mut random) = (World::new().await, StdRng::seed_from_u64(seed));
        world
            .create_tag(Tag {
                lifetime_days: 6,
                ..manual("vip", TagValueType::Bool)
            })
            .await;
        for tag in computed_tags("") {
            world.create_tag(tag).await;
        }
        for (i, condition) in conditions().into_iter().enumerate() {
            world.create_segment(&format!("s{i}"), condition).await;
        }
        for step in 0..120 {
            happen(&world, &mut random, step).await;
        }
        world.merged(3, 5, "Suzhou");
        world.harness.settle().await;

        // The same definitions once more under other codes: they know nothing but the stored rows.
        for tag in computed_tags("again_") {
            world.create_tag(tag).await;
        }
        for (i, condition) in conditions().into_iter().enumerate() {
            world.create_segment(&format!("again_s{i}"), condition).await;
        }
        for number in 0..8 {
            let (again, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = world
                .tags_of(number)
                .await
                .into_iter()
                .partition(|(code, _)| code.starts_with("again_"));
            let again: BTreeMap<_, _> = again
                .into_iter()
                .map(|(code, value)| (code.trim_start_matches("again_").to_owned(), value))
                .collect();
            let kept: BTreeMap<_, _> = kept.into_iter().filter(|(code, _)| code != "vip").collect();
            assert_eq!(kept, again, "seed {seed}, member {number}");
        }
        for i in 0..conditions().len() {
            let (kept, again) = (
                world.segment(&format!("s{i}")).await,
                world.segment(&format!("again_s{i}")).await,
            );
            assert_eq!(kept.member_count, again.member_count, "seed {seed}, segment {i}");
            assert_eq!(
                listed(&world, &format!("s{i}")).await,
                listed(&world, &format!("again_s{i}")).await
            );
        }
        assert_facts_add_up(&world, seed).await;
    }
}

async fn listed(world: &World, code: &str) -> Vec<String> {
    let request = ListSegmentMembersRequest {
        segment_code: code.into(),
        page_size: 500,
        ..Default::default()
    };
    let listed = world
        .segments()
        .list_segment_members(request)
        .await
        .unwrap()
        .into_inner()
        .memberships;
    listed.into_iter().map(|membership| membership.member_id).collect()
}

/// A consumer that has followed the facts knows the members of every segment, but for the absorbed member, of whom nothing is
/// told when it goes.
async fn assert_facts_add_up(world: &World, seed: u64) {
    let mut balance: BTreeMap<(String, String), i32> = BTreeMap::new();
    for fact in world.facts::<SegmentEntered>().await {
        *balance.entry((fact.segment_code, fact.member_id)).or_default() += 1;
    }
    for fact in world.facts::<SegmentLeft>().await {
        *balance.entry((fact.segment_code, fact.member_id)).or_default() -= 1;
    }
    for i in 0..conditions().len() {
        let code = format!("s{i}");
        let listed = listed(world, &code).await;
        for number in (0..8).filter(|number| *number != 3) {
            let told = balance.get(&(code.clone(), member(number))).copied().unwrap_or(0);
            assert_eq!(
                told,
                i32::from(listed.contains(&member(number))),
                "seed {seed}, segment {i}, member {number}"
            );
        }
    }
}

/// The same activities in any order, some of them twice, in batches of any size.
#[tokio::test]
async fn every_order_of_arrival_ends_in_the_same_tags() {
    let mut random = StdRng::seed_from_u64(7);
    let mut ends = Vec::new();
    for _ in 0..4 {
        let world = World::new().await;
        for tag in computed_tags("") {
            world.create_tag(tag).await;
        }
        world.harness.settle().await;
        let channel = |i: u32| ["tmall", "pos", "app"][i as usize % 3].to_owned();
        let order = |i: u32| Activity {
            channel_code: channel(i),
            ..world.order(i % 4, &format!("o{i}"), i64::from(i % 13))
        };
        let mut activities: Vec<Activity> = (0..60).chain(0..20).map(order).collect();
        activities.shuffle(&mut random);
        while !activities.is_empty() {
            let rest = activities.split_off(activities.len().min(random.random_range(1..12)));
            world.record(std::mem::replace(&mut activities, rest)).await;
        }
        let mut end = Vec::new();
        for number in 0..4 {
            end.push(world.tags_of(number).await);
        }
        ends.push(end);
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(ends[0][0]["orders"], tag_value::Kind::IntValue(15));
}

/// The order that a number stands for, whenever and by whomever it is told; some are nobody's, and some are no orders.
fn numbered(world: &World, n: u32) -> Activity {
    let order = Activity {
        channel_code: ["tmall", "pos", "app"][n as usize % 3].into(),
        occur_time: Some(kernel::Time::from_micros(START_DAY + i64::from(n % 11) * DAY).to_wire()),
        ..world.order(n % 8, &format!("o{n}"), 0)
    };
    match n % 13 {
        5 => Activity {
            member_id: member(77),
            ..order
        },
        7 => Activity {
            activity_type: "Order Paid".into(),
            ..order
        },
        9 => Activity {
            member_id: String::new(),
            channel_code: "tmall".into(),
            external_id: format!("tb{}", n % 8),
            ..order
        },
        _ => order,
    }
}

const DAY: i64 = 86_400_000_000;
/// 2025-12-20.
const START_DAY: i64 = 1_766_188_800_000_000;

async fn prepared() -> World {
    let world = World::new().await;
    for tag in computed_tags("") {
        world.create_tag(tag).await;
    }
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    for (i, condition) in conditions().into_iter().enumerate() {
        world.create_segment(&format!("s{i}"), condition).await;
    }
    world
}

/// What of an answer does not depend on who came first.
fn counts(answer: &RecordActivitiesResponse) -> (i32, i32) {
    (answer.recorded_count + answer.duplicate_count, answer.refused_count)
}

fn recorded(answers: &[RecordActivitiesResponse]) -> i32 {
    answers.iter().map(|answer| answer.recorded_count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_come_together_end_as_the_same_calls_one_by_one() {
    for seed in 0..3 {
        let mut random = StdRng::seed_from_u64(seed);
        let (alone, together) = (prepared().await, prepared().await);
        let worlds = [&alone, &together];
        for _ in 0..8 {
            let calls = random.random_range(1..25);
            let numbers = |random: &mut StdRng| {
                let many = random.random_range(1..6);
                (0..many).map(|_| random.random_range(0..200)).collect()
            };
            let calls: Vec<Vec<u32>> = (0..calls).map(|_| numbers(&mut random)).collect();
            let request = |world: &World, numbers: &Vec<u32>| {
                world.request(numbers.iter().map(|n| numbered(world, *n)).collect())
            };
            let mut one_by_one = Vec::new();
            for numbers in &calls {
                let request = request(&alone, numbers);
                one_by_one.push(
                    alone
                        .activities()
                        .record_activities(request)
                        .await
                        .unwrap()
                        .into_inner(),
                );
            }
            let requests = calls.iter().map(|numbers| request(&together, numbers)).collect();
            let at_once = together.record_together(requests).await;
            let at_once: Vec<_> = at_once.into_iter().map(Result::unwrap).collect();
            for (i, (left, right)) in one_by_one.iter().zip(&at_once).enumerate() {
                assert_eq!(counts(left), counts(right), "seed {seed}, call {i}");
            }
            assert_eq!(recorded(&one_by_one), recorded(&at_once));
            match random.random_range(0..4) {
                0 => futures::future::join_all(worlds.map(|world| world.pass_days(1)))
                    .await
                    .clear(),
                1 => {
                    let number = random.random_range(0..8);
                    for world in worlds {
                        world.assign(number, "vip", None).await;
                    }
                }
                2 => {
                    let (from, to) = (random.random_range(0..4), random.random_range(4..8));
                    for world in worlds {
                        world.merged(from, to, "Suzhou");
                        world.harness.settle().await;
                    }
                }
                _ => {}
            }
        }
        for number in 0..8 {
            let timeline = async |world: &World| {
                let told = world.timeline(number).await.into_iter();
                let told = told.map(|it| (it.source_id, it.member_id, it.occur_time.map(|time| time.seconds)));
                told.collect::<BTreeSet<_>>()
            };
            assert_eq!(timeline(&alone).await, timeline(&together).await, "seed {seed}");
            let (left, right) = (alone.tags_of(number).await, together.tags_of(number).await);
            assert_eq!(left, right, "seed {seed}, member {number}");
        }
        assert_eq!(alone.summary().await, together.summary().await, "seed {seed}");
        let told = async |world: &World| {
            let told = world.facts::<ActivityRecorded>().await.into_iter();
            let mut told: Vec<_> = told.map(|fact| fact.activity.unwrap().source_id).collect();
            told.sort();
            told
        };
        assert_eq!(told(&alone).await, told(&together).await, "seed {seed}");
        for world in worlds {
            assert_told_last(world, seed).await;
        }
    }
}

/// Whoever follows the facts knows every tag as it stands.
async fn assert_told_last(world: &World, seed: u64) {
    let mut told: BTreeMap<(String, String), Option<TagValue>> = BTreeMap::new();
    for fact in world.facts::<TagChanged>().await {
        told.insert((fact.member_id, fact.tag_code), fact.value);
    }
    for number in 0..8 {
        let timeline = world.timeline(number).await;
        if timeline.iter().any(|activity| activity.member_id != member(number)) {
            continue; // Absorbed: nothing is told of one who goes over to another.
        }
        for (code, kind) in world.tags_of(number).await {
            let last = told.get(&(member(number), code.clone())).cloned().flatten();
            assert_eq!(
                last.and_then(|value| value.kind),
                Some(kind),
                "seed {seed}, {code} of {number}"
            );
        }
    }
}
