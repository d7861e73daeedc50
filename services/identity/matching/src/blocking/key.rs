//! The keys of records by one rule.

use super::NO_KEY;
use super::rule::{Part, Rule};
use crate::field::Kind;
use crate::normal::Value;
use crate::number::{at, index};
use crate::records::{Probe, Records};
use crate::sound::{hash, mix, sound};

/// The keys by one rule.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Of each record.
    pub(super) of_records: Vec<u64>,
    /// The records that have one, in the order of their keys.
    pub(super) order: Vec<u32>,
    pub(super) passed_over: u64,
}

/// Makes the keys of all records. A block that is too large is parted by what else its records say, as long as that parts it.
pub(super) fn keys(records: &Records, rule: &Rule, block_max: usize) -> Keys {
    let mut keys: Vec<u64> = (0_u32..)
        .take(records.len())
        .map(|record| key(rule, |field| records.value(record, field)))
        .collect();
    let mut order = sorted(&keys, (0_u32..).take(records.len()));
    for finer in finer(records, rule) {
        let mut large = too_large(&keys, &order, block_max)
            .flatten()
            .copied()
            .collect::<Vec<u32>>();
        if large.is_empty() {
            break;
        }
        large.sort_unstable();
        for record in large {
            let part = part(finer, |field| records.value(record, field));
            if let Some(key) = keys.get_mut(at(record)) {
                *key = part.map_or(NO_KEY, |part| mix(key.wrapping_add(part)) | 1);
            }
        }
        order = sorted(&keys, order.into_iter());
    }
    let lost: Vec<u32> = too_large(&keys, &order, block_max).flatten().copied().collect();
    for record in &lost {
        if let Some(key) = keys.get_mut(at(*record)) {
            *key = NO_KEY;
        }
    }
    if !lost.is_empty() {
        order = sorted(&keys, order.into_iter());
    }
    Keys {
        passed_over: index(lost.len()),
        of_records: keys,
        order,
    }
}

/// The keys of a record that is not among the others: its own, and those of the finer parts.
pub(super) fn of_probe(probe: &Probe, rule: &Rule) -> Vec<u64> {
    let value = |field: usize| probe.values.get(field)?.as_ref();
    let key = key(rule, value);
    if key == NO_KEY { Vec::new() } else { vec![key] }
}

fn sorted(keys: &[u64], records: impl Iterator<Item = u32>) -> Vec<u32> {
    let key = |record: u32| keys.get(at(record)).copied().unwrap_or(NO_KEY);
    let mut keyed: Vec<(u64, u32)> = records
        .map(|record| (key(record), record))
        .filter(|(key, _)| *key != NO_KEY)
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, record)| record).collect()
}

fn too_large<'o>(keys: &'o [u64], order: &'o [u32], block_max: usize) -> impl Iterator<Item = &'o [u32]> {
    let key = |record: u32| keys.get(at(record)).copied().unwrap_or(NO_KEY);
    order
        .chunk_by(move |one, other| key(*one) == key(*other))
        .filter(move |block| block.len() > block_max)
}

/// By what large blocks are parted, one after the other: what the rule does not rest on, the most telling first.
fn finer(records: &Records, rule: &Rule) -> Vec<Part> {
    let order = [
        Kind::FullName,
        Kind::Surname,
        Kind::Date,
        Kind::GivenName,
        Kind::Postcode,
        Kind::Place,
        Kind::Street,
    ];
    let fields = || records.fields().iter().enumerate();
    let of_kind = |kind: Kind| fields().filter(move |(place, field)| field.kind == kind && !rule.rests_on(*place));
    let part = |kind: Kind, place: usize| match kind {
        Kind::Date => Part::MonthAndDay(place),
        Kind::FullName | Kind::Surname | Kind::GivenName => Part::Sound(place),
        _ => Part::Exact(place),
    };
    order
        .into_iter()
        .flat_map(|kind| of_kind(kind).map(move |(place, _)| part(kind, place)))
        .collect()
}

fn key<'v>(rule: &Rule, value: impl Fn(usize) -> Option<&'v Value>) -> u64 {
    let mut key = 0_u64;
    for it in &rule.parts {
        let Some(part) = part(*it, &value) else { return NO_KEY };
        key = mix(key.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15));
    }
    // Never that of a record that has none.
    key | 1
}

fn part<'v>(part: Part, value: impl Fn(usize) -> Option<&'v Value>) -> Option<u64> {
    let text = |field: usize| value(field).map(|value| &*value.text);
    match part {
        Part::Exact(field) => text(field).map(|text| hash(text.as_bytes())),
        Part::Sound(field) => value(field).map(spoken).filter(|sound| *sound != 0),
        Part::Tail(field, length) => {
            let text = text(field)?;
            let from = text.len().checked_sub(length)?;
            text.get(from..).map(|tail| hash(tail.as_bytes()))
        }
        Part::MonthAndDay(field) => text(field)?.get(4..8).map(|part| hash(part.as_bytes())),
        Part::Year(field) => text(field)?.get(..4).map(|part| hash(part.as_bytes())),
        Part::Both(one, other) => {
            let (one, other) = (spoken(value(one)?), spoken(value(other)?));
            Some(mix(one).wrapping_add(mix(other)))
        }
    }
}

/// The sound of a value; of a name that may be turned around, the same for both orders.
fn spoken(value: &Value) -> u64 {
    match value.turned() {
        "" => value.sound,
        turned => sound(turned.min(value.latin())),
    }
}
