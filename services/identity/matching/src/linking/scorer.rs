//! The weight of a pair, given up as soon as it cannot be enough.

use crate::level::Level;
use crate::model::Model;
use crate::number::at;
use crate::pattern::Side;
use crate::records::{MISSING, Records};

/// Weighs pairs of records.
pub(super) struct Scorer<'m> {
    records: &'m Records,
    model: &'m Model,
    least: f64,
    /// What each value of each field is worth where both records have it.
    same: Vec<Vec<f64>>,
}

impl<'m> Scorer<'m> {
    /// For pairs that are worth at least so much.
    pub(super) fn new(records: &'m Records, model: &'m Model, least: f64) -> Self {
        let worth = |field: usize, count: u64| -> Vec<f64> {
            let cells = 0..=u32::try_from(count).unwrap_or(u32::MAX);
            cells.map(|cell| model.same(records, field, cell)).collect()
        };
        let columns = records.columns().iter().enumerate();
        Self {
            same: columns.map(|(field, column)| worth(field, column.distinct())).collect(),
            records,
            model,
            least,
        }
    }

    /// What two records are worth; none where it is not enough.
    pub(super) fn weight(&self, one: u32, other: u32) -> Option<f64> {
        let (a, b) = (Side::of(self.records, one), Side::of(self.records, other));
        let fields = self.same.len();
        // At best, by what is the same alone.
        let mut sum = 0.0;
        let mut open = 0_u32;
        let cells = a.cells.iter().zip(b.cells).zip(&self.same);
        for (field, ((one, other), same)) in (0_u32..).zip(cells) {
            if *one == MISSING || *other == MISSING {
                continue;
            }
            if one == other {
                sum += same.get(at(*one)).copied().unwrap_or_default();
            } else {
                open |= 1_u32.wrapping_shl(field);
                sum += self.model.best_other(at(field));
            }
        }
        for field in (0..fields).filter(|field| open & bit(*field) != 0) {
            if sum < self.least {
                return None;
            }
            let level = self.model.level(field, a, b);
            // Different texts are never the same.
            debug_assert_ne!(level, Level::Same);
            sum += self.model.other(field, level) - self.model.best_other(field);
        }
        (sum >= self.least).then_some(sum)
    }
}

fn bit(field: usize) -> u32 {
    1_u32.wrapping_shl(u32::try_from(field).unwrap_or(u32::MAX))
}
