use std::collections::{BTreeMap, BTreeSet};

use kernel::{MICROS_PER_DAY, Money, Time};
use proptest::prelude::*;

use super::*;
use crate::activity::{Item, SourceKey};

fn activity(number: usize, activity_type: &str, channel_code: &str, day: i64, cents: i64) -> Activity {
    Activity {
        key: SourceKey {
            channel_code: channel_code.into(),
            activity_type: activity_type.into(),
            source_id: format!("s{number}"),
        },
        external_id: String::new(),
        occur_time: Time::EPOCH.plus_days(day),
        amount: Money::new(if cents % 7 == 0 { "USD" } else { "CNY" }, cents).ok(),
        items: vec![Item {
            line_id: String::new(),
            sku: "a".into(),
            quantity: cents + 1,
            amount: None,
            category: String::new(),
        }],
        discount: None,
        surcharge: None,
        refunded_source_id: String::new(),
        attributes: BTreeMap::from([("store".to_owned(), format!("store{}", cents % 3))]),
    }
}

fn computation(aggregate: Aggregate, window_days: Option<u16>) -> Computation {
    Computation {
        aggregate,
        activity_types: BTreeSet::from(["order_paid".to_owned()]),
        channel_codes: BTreeSet::from(["tmall".to_owned(), "pos".to_owned()]),
        window_days,
    }
}

fn cny() -> Operand {
    Operand::Amount {
        currency_code: "CNY".into(),
    }
}

fn aggregates() -> impl Strategy<Value = Aggregate> {
    prop_oneof![
        Just(Aggregate::Count),
        Just(Aggregate::Sum(cny())),
        Just(Aggregate::Sum(Operand::Quantity)),
        Just(Aggregate::Last(cny())),
        Just(Aggregate::Last(Operand::OccurTime)),
        Just(Aggregate::Last(Operand::Attribute { name: "store".into() })),
        Just(Aggregate::First(Operand::ChannelCode)),
        Just(Aggregate::First(cny())),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Activity>> {
    let one = (
        prop_oneof![Just("order_paid"), Just("browsed")],
        prop_oneof![Just("tmall"), Just("pos"), Just("app")],
        0_i64..60,
        0_i64..500,
    );
    proptest::collection::vec(one, 0..40).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(i, (kind, channel, day, cents))| activity(i, kind, channel, day, cents))
            .collect()
    })
}

/// What the contract says, written as naively as it can be: filter, sort, take.
fn reference(computation: &Computation, history: &[Activity], now: Time) -> Option<Value> {
    let window = computation
        .window_days
        .map_or(i64::MAX / 2, |days| i64::from(days) * MICROS_PER_DAY);
    let mut matching: Vec<&Activity> = history
        .iter()
        .filter(|a| a.key.activity_type == "order_paid" && ["tmall", "pos"].contains(&a.key.channel_code.as_str()))
        .filter(|a| now.micros() - a.occur_time.micros() < window)
        .collect();
    matching.sort_by_key(|a| (a.occur_time, a.key.to_string()));
    let values: Vec<Value> = matching
        .iter()
        .filter_map(|a| match &computation.aggregate {
            Aggregate::Count => Some(Value::Int(1)),
            Aggregate::Sum(operand) | Aggregate::Last(operand) | Aggregate::First(operand) => match operand {
                Operand::Amount { .. } => a
                    .amount
                    .filter(|m| m.currency_code() == "CNY")
                    .map(|m| Value::Int(m.minor_units())),
                Operand::Quantity => Some(Value::Int(a.items.iter().map(|item| item.quantity).sum())),
                Operand::OccurTime => Some(Value::Time(a.occur_time)),
                Operand::ChannelCode => Some(Value::Text(a.key.channel_code.clone())),
                Operand::Attribute { name } => a.attributes.get(name).cloned().map(Value::Text),
            },
        })
        .collect();
    match &computation.aggregate {
        Aggregate::Count | Aggregate::Sum(_) if values.is_empty() => None,
        Aggregate::Count | Aggregate::Sum(_) => Some(Value::Int(
            values
                .iter()
                .map(|value| {
                    if let Value::Int(n) = value {
                        *n
                    } else {
                        panic!("sums are of numbers")
                    }
                })
                .sum(),
        )),
        Aggregate::Last(_) => values.last().cloned(),
        Aggregate::First(_) => values.first().cloned(),
    }
}

proptest! {
    /// Activities arrive in any order, some of them long after they happened; between them, time goes by and the timer
    /// does what it does: fold afresh what is due.
    #[test]
    fn any_order_of_arrival_equals_recomputation(
        aggregate in aggregates(),
        window_days in proptest::option::of(1_u16..50),
        history in histories(),
        arrival in proptest::collection::vec(any::<prop::sample::Index>(), 40),
        hours in proptest::collection::vec(0_i64..60, 40),
    ) {
        let computation = computation(aggregate, window_days);
        let mut waiting = history;
        let mut arrived: Vec<Activity> = Vec::new();
        let mut now = Time::EPOCH.plus_days(20);
        let mut standing = None;
        for (pick, hours) in arrival.iter().zip(hours) {
            if waiting.is_empty() { break; }
            now = Time::from_micros(now.micros() + hours * 3_600_000_000);
            arrived.push(waiting.swap_remove(pick.index(waiting.len())));
            let due = standing.as_ref().is_some_and(|s: &Standing| s.due_time.is_some_and(|due| due <= now));
            standing = if due {
                computation.over(&arrived, now)
            } else {
                match computation.contribution(arrived.last().unwrap()) {
                    Some(added) => computation.add(standing, added, now),
                    None => standing,
                }
            };
            prop_assert_eq!(standing.as_ref().map(|s| s.value.clone()), reference(&computation, &arrived, now));
        }
    }

    /// The due time is the very moment at which the value may change, and not one microsecond before it does the value
    /// change by itself.
    #[test]
    fn a_value_holds_until_its_due_time(aggregate in aggregates(), window in 1_u16..50, history in histories()) {
        let computation = computation(aggregate, Some(window));
        let now = Time::EPOCH.plus_days(60);
        if let Some(standing) = computation.over(&history, now) {
            let due = standing.due_time.unwrap();
            let just_before = Time::from_micros(due.micros() - 1);
            prop_assert!(due > now);
            prop_assert_eq!(reference(&computation, &history, just_before), Some(standing.value));
            let after = computation.over(&history, due);
            prop_assert_eq!(after.as_ref().map(|s| s.value.clone()), reference(&computation, &history, due));
            prop_assert!(after.is_none_or(|after| after.due_time.unwrap() > due));
        }
    }
}

#[test]
fn an_activity_leaves_its_window_exactly_at_the_edge() {
    let orders_30d = computation(Aggregate::Count, Some(30));
    let order = activity(1, "order_paid", "pos", 0, 100);
    let edge = Time::EPOCH.plus_days(30);
    let just_before = Time::from_micros(edge.micros() - 1);
    assert_eq!(
        orders_30d.over([&order], just_before).map(|s| s.due_time),
        Some(Some(edge))
    );
    assert_eq!(orders_30d.over([&order], edge), None);
}

/// What arrives is bounded so that it takes nine million of the largest; were the bound lifted, nothing would be told.
#[test]
#[should_panic(expected = "more than can be counted")]
fn a_sum_that_cannot_be_counted_stops_and_does_not_stay_where_it_is() {
    let spent = computation(Aggregate::Sum(cny()), None);
    let huge = |number| Activity {
        amount: Money::stored("CNY", i64::MAX),
        ..activity(number, "order_paid", "pos", 0, 1)
    };
    assert_eq!(
        spent.over([&huge(1)], Time::EPOCH).map(|s| s.value),
        Some(Value::Int(i64::MAX))
    );
    spent.over([&huge(1), &huge(2)], Time::EPOCH);
}

#[test]
fn activities_of_one_moment_are_ordered_by_their_keys() {
    let first_channel = computation(Aggregate::First(Operand::ChannelCode), None);
    let (pos, tmall) = (
        activity(9, "order_paid", "pos", 3, 1),
        activity(1, "order_paid", "tmall", 3, 1),
    );
    let expected = Some(Value::Text("pos".into()));
    assert_eq!(
        first_channel.over([&pos, &tmall], Time::EPOCH).map(|s| s.value),
        expected
    );
    assert_eq!(
        first_channel.over([&tmall, &pos], Time::EPOCH).map(|s| s.value),
        expected
    );
}
