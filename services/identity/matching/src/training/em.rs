//! Expectation maximisation over counts of patterns.

use super::SMOOTHING;
use super::sample::Histogram;
use crate::level::{LEVELS, Level};
use crate::pattern::Pattern;

/// The probability of each level of a field.
pub(crate) type Levels = [f64; LEVELS];

/// How a person's records agree, how strangers' do, and how many pairs of all are one person's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Estimates {
    pub(crate) same: Vec<Levels>,
    pub(crate) strangers: Vec<Levels>,
    pub(crate) prior: f64,
}

/// What the blocks of one rule tell.
pub(super) struct Session {
    same: Vec<Option<Levels>>,
    /// How many pairs were one person's.
    weight: f64,
}

/// No training takes longer.
const ROUNDS_MAX: usize = 100;
/// When nothing moves any more.
const STILL: f64 = 1e-5;
const SAME: usize = 1;
const DIFFERENT: usize = 7;

impl Estimates {
    /// What random pairs tell; a first guess of the rest.
    pub(super) fn of_strangers(fields: usize, random: &Histogram) -> Self {
        let strangers =
            (0..fields).map(|field| shares(field, random.iter().map(|(pattern, count)| (*pattern, *count))));
        let mut guess = [0.02; LEVELS];
        if let Some(same) = guess.get_mut(SAME) {
            *same = 0.8;
        }
        if let Some(different) = guess.get_mut(DIFFERENT) {
            *different = 0.1;
        }
        Self {
            strangers: strangers.collect(),
            same: vec![guess; fields],
            prior: 1e-4,
        }
    }

    /// How often two records say the same, counted over all of them rather than over random pairs.
    pub(super) fn set_coincidence(&mut self, field: usize, coincidence: f64) {
        if let Some(levels) = self.strangers.get_mut(field) {
            set_same(levels, coincidence);
        }
    }

    /// What the rules tell of each field, by the number of pairs from which they tell it.
    pub(super) fn take_average(&mut self, sessions: &[Session]) {
        for (field, levels) in self.same.iter_mut().enumerate() {
            let told = sessions
                .iter()
                .filter_map(|session| Some((session.same.get(field)?.as_ref()?, session.weight)));
            let mut sum = [0.0; LEVELS];
            let mut weights = 0.0;
            for (told, weight) in told {
                for (sum, told) in sum.iter_mut().zip(told) {
                    *sum += told * weight;
                }
                weights += weight;
            }
            if weights > 0.0 {
                *levels = sum.map(|sum| sum / weights);
            }
        }
    }

    /// The natural logarithm of how much likelier each level of each field is between a person's records; 0 for fields that
    /// tell nothing.
    fn evidence(&self, is_active: impl Fn(usize) -> bool) -> Evidence {
        let fields = self.same.iter().zip(&self.strangers).enumerate();
        let of_field = |(field, (same, strangers)): (usize, (&Levels, &Levels))| {
            let mut levels = [0.0; LEVELS];
            if is_active(field) {
                let shares = same.iter().zip(strangers);
                for (level, (same, strangers)) in levels.iter_mut().zip(shares).skip(1) {
                    *level = (same / strangers).ln();
                }
            }
            levels
        };
        Evidence(fields.map(of_field).collect())
    }
}

/// What each level of each field is worth, as a natural logarithm.
struct Evidence(Vec<Levels>);

impl Evidence {
    /// The probability that a pair of a pattern is one person's.
    fn probability(&self, prior: f64, pattern: Pattern) -> f64 {
        let fields = self.0.iter().enumerate();
        let sum: f64 = fields
            .map(|(field, levels)| levels.get(pattern.number(field)).copied().unwrap_or_default())
            .sum();
        let odds = prior / (1.0 - prior) * sum.clamp(-500.0, 500.0).exp();
        odds / (1.0 + odds)
    }
}

/// The shares of the levels of a field among patterns, each counted with a weight.
fn shares(field: usize, counted: impl Iterator<Item = (Pattern, f64)>) -> Levels {
    let mut levels = [SMOOTHING; LEVELS];
    for (pattern, count) in counted {
        if let Some(level) = levels.get_mut(pattern.number(field)) {
            *level += count;
        }
    }
    // Nothing is known of what is missing.
    levels[0] = 0.0;
    let sum: f64 = levels.iter().sum();
    levels.map(|level| level / sum)
}

/// Sets the first level, and leaves the others as they are to each other.
fn set_same(levels: &mut Levels, share: f64) {
    let share = share.clamp(1e-12, 0.999);
    let Some(before) = levels.get(SAME).copied() else {
        return;
    };
    let factor = (1.0 - share) / (1.0 - before).max(1e-12);
    for level in levels.iter_mut() {
        *level *= factor;
    }
    if let Some(level) = levels.get_mut(SAME) {
        *level = share;
    }
}

/// What the pairs of one rule tell of the fields on which it does not rest. None where there is nothing to learn from.
pub(super) fn session(given: &Estimates, histogram: &Histogram, active: &[bool]) -> Option<Session> {
    let count: f64 = histogram.iter().map(|(_, count)| count).sum();
    if count < 10.0 {
        return None;
    }
    let is_active = |field: usize| active.get(field).copied().unwrap_or(false);
    let mut estimates = given.clone();
    estimates.prior = 0.3;
    for _ in 0..ROUNDS_MAX {
        let evidence = estimates.evidence(is_active);
        let weighed: Vec<(Pattern, f64)> = histogram
            .iter()
            .map(|(pattern, count)| (*pattern, count * evidence.probability(estimates.prior, *pattern)))
            .collect();
        let matches: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        let before = estimates.prior;
        estimates.prior = (matches / count).clamp(1e-6, 0.999);
        for (field, levels) in estimates
            .same
            .iter_mut()
            .enumerate()
            .filter(|(field, _)| is_active(*field))
        {
            *levels = shares(field, weighed.iter().copied());
        }
        if (before - estimates.prior).abs() < STILL {
            break;
        }
    }
    let same = estimates.same.into_iter().enumerate();
    Some(Session {
        weight: estimates.prior * count,
        same: same.map(|(field, levels)| is_active(field).then_some(levels)).collect(),
    })
}

/// All that is known, to refine what the rules told one by one.
pub(super) struct Pooled<'h> {
    pub(super) candidates: &'h Histogram,
    /// The share of the candidates that was counted.
    pub(super) share: f64,
    pub(super) random: &'h Histogram,
    pub(super) all_pairs: f64,
}

impl Pooled<'_> {
    /// Expectation maximisation over all candidates, with what is no candidate for strangers'.
    pub(super) fn refine(&self, mut estimates: Estimates, coincidences: &[f64], floors: &[f64]) -> Estimates {
        let everything = |_: usize| true;
        for _ in 0..ROUNDS_MAX {
            let evidence = estimates.evidence(everything);
            let weigh = |histogram: &Histogram, is_same: bool| -> Vec<(Pattern, f64)> {
                let weight = |(pattern, count): &(Pattern, f64)| {
                    let same = evidence.probability(estimates.prior, *pattern);
                    (*pattern, count * if is_same { same } else { 1.0 - same })
                };
                histogram.iter().map(weight).collect()
            };
            let matches = weigh(self.candidates, true);
            let strangers = weigh(self.random, false);
            let found: f64 = matches.iter().map(|(_, weight)| weight).sum::<f64>() / self.share;
            let before = estimates.prior;
            let prior = (found / self.all_pairs).clamp(1e-15, 0.5);
            let fields = estimates.same.iter_mut().zip(&mut estimates.strangers).enumerate();
            for (field, (same, apart)) in fields {
                *same = shares(field, matches.iter().copied());
                *apart = shares(field, strangers.iter().copied());
                let (coincidence, floor) = (coincidences.get(field), floors.get(field));
                if let (Some(coincidence), Some(floor), Some(said)) = (coincidence, floor, same.get(SAME)) {
                    let stranger = (coincidence - prior * said) / (1.0 - prior);
                    set_same(apart, stranger.max(*floor));
                }
            }
            estimates.prior = prior;
            if ((before - prior) / prior).abs() < STILL {
                break;
            }
        }
        self.silence(&mut estimates);
        estimates
    }

    /// A level that nobody's records have is worth nothing, rather than what the sizes of the samples make of it.
    fn silence(&self, estimates: &mut Estimates) {
        let fields = estimates.same.iter_mut().zip(&estimates.strangers).enumerate();
        for (field, (same, strangers)) in fields {
            let mut seen = [false; LEVELS];
            for (pattern, _) in self.candidates.iter().chain(self.random) {
                if let Some(seen) = seen.get_mut(pattern.number(field)) {
                    *seen = true;
                }
            }
            for ((same, strangers), _) in same.iter_mut().zip(strangers).zip(seen).filter(|(_, seen)| !seen) {
                *same = *strangers;
            }
        }
    }
}

impl Estimates {
    /// What a level is worth, in bits; nothing where it is missing.
    pub(crate) fn weight(&self, field: usize, level: Level) -> f64 {
        let number = usize::from(level.number());
        match (self.same.get(field), self.strangers.get(field)) {
            (Some(same), Some(strangers)) if level != Level::Missing => {
                let ratio = same
                    .get(number)
                    .zip(strangers.get(number))
                    .map(|(same, strangers)| same / strangers);
                ratio.filter(|ratio| *ratio > 0.0).map_or(0.0, f64::log2)
            }
            _ => 0.0,
        }
    }
}
