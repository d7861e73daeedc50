//! What the records themselves tell of how a person's records agree, and how strangers' do. No pair need be labelled.
//!
//! How strangers agree (u) is seen in random pairs, of which nearly all are strangers'. How a person's records agree (m) is
//! found by expectation maximisation: first within the blocks of each rule, where the fields that the rule rests on tell
//! nothing and all others do, as Splink has it; then over the candidates of all rules together, which also tells how many
//! pairs there are (the prior), and cleans u of the pairs that are one person's.

mod em;
mod sample;

use crate::blocking::Blocks;
use crate::level::LEVELS;
use crate::number::{index, pairs, real};
use crate::records::{Column, Records};
use crate::settings::Settings;

pub(crate) use self::em::Estimates;
use self::em::Pooled;
pub(crate) use self::sample::{in_chunks, pairs_of};

/// What a level gets beside what was counted, so that none is impossible.
pub(crate) const SMOOTHING: f64 = 0.5;

/// Trains on records in blocks.
pub(crate) fn train(records: &Records, blocks: &Blocks, settings: &Settings) -> Estimates {
    let all_pairs = pairs(index(records.len()));
    let fields = records.fields().len();
    let random = sample::random(records, settings);
    let candidates = sample::candidates(records, blocks, settings);
    let mut estimates = Estimates::of_strangers(fields, &random);
    for field in 0..fields {
        if let Some(column) = records.columns().get(field) {
            estimates.set_coincidence(field, column.coincidence());
        }
    }
    let sessions = candidates.of_rules.iter().zip(blocks.rules());
    let sessions = sessions.filter_map(|(histogram, rule)| {
        let active: Vec<bool> = (0..fields).map(|field| !rule.rests_on(field)).collect();
        em::session(&estimates, histogram, &active)
    });
    let sessions: Vec<em::Session> = sessions.collect();
    estimates.take_average(&sessions);
    let pooled = Pooled {
        candidates: &candidates.all,
        share: candidates.share,
        random: &random,
        all_pairs: real(all_pairs.max(1)),
    };
    let coincidences: Vec<f64> = records.columns().iter().map(Column::coincidence).collect();
    let floors: Vec<f64> = records
        .columns()
        .iter()
        .map(|column| 0.25 / real(column.distinct().max(LEVELS_U64)))
        .collect();
    pooled.refine(estimates, &coincidences, &floors)
}

const LEVELS_U64: u64 = 8;
const _: () = assert!(LEVELS == 8, "a level more is one more here");
