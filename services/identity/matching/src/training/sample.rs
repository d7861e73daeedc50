//! The pairs from which the model learns, as counts of patterns.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::blocking::{Blocks, Run};
use crate::number::{at, index, pairs, real};
use crate::pattern::{Pattern, Side, pattern};
use crate::records::{Hashed, Records};
use crate::settings::Settings;
use crate::sound::mix;
use crate::threads::each;

/// How often each pattern was seen, in the order of the patterns.
pub(crate) type Histogram = Vec<(Pattern, f64)>;

/// The candidates.
pub(crate) struct Candidates {
    /// Those of each rule.
    pub(crate) of_rules: Vec<Histogram>,
    /// All, each once.
    pub(crate) all: Histogram,
    /// The share of them that was looked at.
    pub(crate) share: f64,
}

/// So many pairs are compared at one go.
const CHUNK: u64 = 20_000;

type Counts = HashMap<Pattern, f64, BuildHasherDefault<Hashed>>;

/// Pairs by chance. Which, follows from what records say and not from their order.
pub(super) fn random(records: &Records, settings: &Settings) -> Histogram {
    let order = canonical(records);
    let count = index(order.len());
    if count < 2 {
        return Vec::new();
    }
    let wanted = settings.random_pairs_max.min(pairs(count).saturating_mul(2));
    let chunks = usize::try_from(wanted.div_ceil(CHUNK)).unwrap_or(usize::MAX);
    let counted = each(settings.threads, chunks, |chunk| {
        let from = index(chunk).saturating_mul(CHUNK);
        let mut counts = Counts::default();
        for number in from..wanted.min(from.saturating_add(CHUNK)) {
            let place = |seed: u64| {
                usize::try_from(
                    mix(number.wrapping_mul(2).wrapping_add(seed))
                        .checked_rem(count)
                        .unwrap_or_default(),
                )
            };
            let pick = |seed: u64| place(seed).ok().and_then(|place| order.get(place)).copied();
            let (Some(one), Some(other)) = (pick(1), pick(2)) else {
                continue;
            };
            if one != other {
                add(&mut counts, records, one, other);
            }
        }
        counts
    });
    merged(counted)
}

/// Pairs of blocks, as many as are wanted. Which, follows from what the two records say.
pub(super) fn candidates(records: &Records, blocks: &Blocks, settings: &Settings) -> Candidates {
    let one_of = blocks.pairs().div_ceil(settings.training_pairs_max.max(1)).max(1);
    let runs: Vec<Run<'_>> = blocks.runs().collect();
    let chunks = in_chunks(&runs);
    let rules = blocks.rules().len();
    let counted = each(settings.threads, chunks.len(), |chunk| {
        let mut of_rules: Vec<Counts> = (0..rules).map(|_| Counts::default()).collect();
        let mut all = Counts::default();
        for run in chunks.get(chunk).copied().unwrap_or_default() {
            for (one, other) in pairs_of(run.records) {
                let key = mix(records.content(one)).wrapping_add(mix(records.content(other)));
                if one_of > 1 && mix(key).checked_rem(one_of) != Some(0) {
                    continue;
                }
                let pattern = pattern(records, Side::of(records, one), Side::of(records, other));
                if let Some(counts) = of_rules.get_mut(run.rule) {
                    *counts.entry(pattern).or_default() += 1.0;
                }
                if !blocks.is_earlier(run.rule, one, other) {
                    *all.entry(pattern).or_default() += 1.0;
                }
            }
        }
        (of_rules, all)
    });
    let mut of_rules: Vec<Vec<Counts>> = (0..rules).map(|_| Vec::new()).collect();
    let mut all = Vec::new();
    for (rules, counts) in counted {
        for (list, counts) in of_rules.iter_mut().zip(rules) {
            list.push(counts);
        }
        all.push(counts);
    }
    Candidates {
        of_rules: of_rules.into_iter().map(merged).collect(),
        all: merged(all),
        share: 1.0 / real(one_of),
    }
}

/// Blocks in stretches of about as many pairs.
pub(crate) fn in_chunks<'r, 'b>(runs: &'r [Run<'b>]) -> Vec<&'r [Run<'b>]> {
    let mut chunks = Vec::new();
    let (mut from, mut count) = (0_usize, 0_u64);
    for (place, run) in runs.iter().enumerate() {
        count = count.saturating_add(pairs(index(run.records.len())));
        if count >= CHUNK {
            let end = place.saturating_add(1);
            chunks.extend(runs.get(from..end));
            (from, count) = (end, 0);
        }
    }
    chunks.extend(runs.get(from..).filter(|rest| !rest.is_empty()));
    chunks
}

/// All pairs of a block.
pub(crate) fn pairs_of(block: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    block.iter().enumerate().flat_map(move |(place, one)| {
        let rest = block.get(place.saturating_add(1)..).unwrap_or_default();
        rest.iter().map(move |other| (*one, *other))
    })
}

/// The records in an order that does not depend on the one in which they came.
fn canonical(records: &Records) -> Vec<u32> {
    let mut order: Vec<u32> = (0_u32..).take(records.len()).collect();
    order.sort_unstable_by_key(|record| (records.content(*record), at(*record)));
    order
}

fn add(counts: &mut Counts, records: &Records, one: u32, other: u32) {
    let pattern = pattern(records, Side::of(records, one), Side::of(records, other));
    *counts.entry(pattern).or_default() += 1.0;
}

fn merged(counted: Vec<Counts>) -> Histogram {
    let mut sum = Counts::default();
    for (pattern, count) in counted.into_iter().flatten() {
        *sum.entry(pattern).or_default() += count;
    }
    let mut histogram: Histogram = sum.into_iter().collect();
    histogram.sort_unstable_by_key(|(pattern, _)| *pattern);
    histogram
}
