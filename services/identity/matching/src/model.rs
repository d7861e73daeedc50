//! A trained model: what each level of each field is worth, and so what two records are.

use crate::blocking::Blocks;
use crate::field::Field;
use crate::level::{LEVELS, Level};
use crate::normal::Value;
use crate::pattern::{Pattern, Side, level, pattern};
use crate::records::{MISSING, Probe, Records};
use crate::settings::Settings;
use crate::training::{Estimates, train};

/// A value that so small a share has, or a smaller one, is worth no more.
const SHARE_MIN: f64 = 1e-7;

/// How records are compared.
#[derive(Clone, Debug)]
pub struct Model {
    fields: Vec<Field>,
    estimates: Estimates,
    weights: Vec<[f64; LEVELS]>,
    /// The best that a field may be worth where its values are not the same.
    best_other: Vec<f64>,
    prior_weight: f64,
}

/// What one field says of two records.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The place of the field.
    pub field: usize,
    /// How much the values agree.
    pub level: Level,
    /// For (above 0) or against being one person's, in bits.
    pub weight: f64,
}

/// A record beside another one, with what that is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The record.
    pub record: u32,
    /// The sum of the reasons, in bits.
    pub weight: f64,
    /// The probability that both are one person's.
    pub probability: f64,
}

impl Model {
    /// Trains on records, which no one need have labelled.
    pub fn train(records: &Records, settings: &Settings) -> Self {
        Self::train_in(records, &Blocks::of(records, settings), settings)
    }

    /// Trains on records that are in blocks already.
    pub fn train_in(records: &Records, blocks: &Blocks, settings: &Settings) -> Self {
        Self::of(records.fields(), train(records, blocks, settings))
    }

    fn of(fields: &[Field], estimates: Estimates) -> Self {
        let weights: Vec<[f64; LEVELS]> = (0..fields.len())
            .map(|field| Level::ALL.map(|level| estimates.weight(field, level)))
            .collect();
        let best = |levels: &[f64; LEVELS]| levels.iter().skip(2).copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            fields: fields.to_vec(),
            best_other: weights.iter().map(best).collect(),
            weights,
            prior_weight: (estimates.prior / (1.0 - estimates.prior)).log2(),
            estimates,
        }
    }

    /// The probability that two records taken by chance are one person's.
    pub fn prior(&self) -> f64 {
        self.estimates.prior
    }

    /// The probability of a level of a field between two records of one person, and between those of strangers.
    pub fn shares(&self, field: usize, level: Level) -> Option<(f64, f64)> {
        let number = usize::from(level.number());
        let same = self.estimates.same.get(field)?.get(number)?;
        Some((*same, *self.estimates.strangers.get(field)?.get(number)?))
    }

    /// The probability that records are one person's whose reasons are worth so much.
    pub fn probability(&self, weight: f64) -> f64 {
        1.0 / (1.0 + (-(weight + self.prior_weight)).exp2())
    }

    /// What reasons must be worth for a probability.
    pub fn weight_of(&self, probability: f64) -> f64 {
        let probability = probability.clamp(1e-12, 1.0 - 1e-12);
        (probability / (1.0 - probability)).log2() - self.prior_weight
    }

    /// Compares a record with some others; the likeliest first.
    pub fn score(&self, records: &Records, probe: &Probe, candidates: &[u32]) -> Vec<Scored> {
        let one = Side::probe(records, probe);
        let mut scored: Vec<Scored> = candidates
            .iter()
            .map(|record| {
                let pattern = pattern(records, one, Side::of(records, *record));
                let weight = self.weight(records, pattern, *record);
                Scored {
                    record: *record,
                    weight,
                    probability: self.probability(weight),
                }
            })
            .collect();
        scored.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.record.cmp(&other.record)));
        scored
    }

    /// Why two records are what they are, field by field.
    pub fn explain(&self, records: &Records, one: u32, other: u32) -> Vec<Reason> {
        let pattern = pattern(records, Side::of(records, one), Side::of(records, other));
        self.reasons(records, pattern, other)
    }

    fn reasons(&self, records: &Records, pattern: Pattern, other: u32) -> Vec<Reason> {
        let reason = |field: usize| Reason {
            field,
            level: pattern.level(field),
            weight: self.worth(
                records,
                pattern,
                field,
                records.row(other).get(field).copied().unwrap_or(MISSING),
            ),
        };
        (0..self.fields.len()).map(reason).collect()
    }

    /// What a pattern is worth, where the second record is the one that has the values which are the same.
    pub(crate) fn weight(&self, records: &Records, pattern: Pattern, other: u32) -> f64 {
        let cells = records.row(other).iter().enumerate();
        cells
            .map(|(field, cell)| self.worth(records, pattern, field, *cell))
            .sum()
    }

    fn worth(&self, records: &Records, pattern: Pattern, field: usize, cell: u32) -> f64 {
        let level = pattern.level(field);
        if level == Level::Same {
            return self.same(records, field, cell);
        }
        self.weights
            .get(field)
            .and_then(|weights| weights.get(usize::from(level.number())))
            .copied()
            .unwrap_or_default()
    }

    /// What it is worth to share a value: more where it is rare.
    pub(crate) fn same(&self, records: &Records, field: usize, cell: u32) -> f64 {
        let usual = self
            .weights
            .get(field)
            .and_then(|weights| weights.get(1))
            .copied()
            .unwrap_or_default();
        let has_frequencies = self.fields.get(field).is_some_and(|field| field.kind.has_frequencies());
        if !has_frequencies {
            return usual;
        }
        let share = records
            .columns()
            .get(field)
            .map_or(1.0, |column| column.share(cell))
            .max(SHARE_MIN);
        let said = self.shares(field, Level::Same).map_or(0.5, |(same, _)| same);
        (said / share).log2()
    }

    /// The best that a field may be worth where its values are not the same; 0 where one is missing.
    pub(crate) fn best_other(&self, field: usize) -> f64 {
        self.best_other.get(field).copied().unwrap_or_default()
    }

    pub(crate) fn other(&self, field: usize, level: Level) -> f64 {
        let weights = self.weights.get(field);
        weights
            .and_then(|weights| weights.get(usize::from(level.number())))
            .copied()
            .unwrap_or_default()
    }

    /// The level of one field of two records.
    pub(crate) fn level(&self, field: usize, one: Side<'_>, other: Side<'_>) -> Level {
        self.fields
            .get(field)
            .map_or(Level::Missing, |it| level(it.kind, field, one, other))
    }
}

impl Records {
    /// A value as it is compared, for explanations.
    pub fn text(&self, record: u32, field: usize) -> &str {
        self.value(record, field).map_or("", Value::text)
    }
}
