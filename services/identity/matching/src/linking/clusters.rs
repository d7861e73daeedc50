//! Persons out of pairs: a chain of weak pairs makes none.
//!
//! Pairs are taken from the surest one on. Two groups become one where all pairs between them, also those that are no candidates,
//! speak for it together. So a record in the middle, that is a little like two strangers, joins them to each other no more.

use crate::model::Model;
use crate::number::at;
use crate::pattern::{Side, pattern};
use crate::records::Records;

use super::Edge;

/// No person has more records.
const RECORDS_MAX: usize = 500;

/// Which records are together.
pub(super) struct Clusters {
    /// The cluster of each record.
    of_record: Vec<u32>,
    lists: Vec<Vec<u32>>,
}

impl Clusters {
    pub(super) fn of(records: &Records, model: &Model, edges: &[Edge], least: f64) -> Self {
        let mut strong: Vec<Edge> = edges.iter().copied().filter(|edge| edge.weight >= least).collect();
        let contents = |edge: &Edge| {
            let (one, other) = (records.content(edge.one), records.content(edge.other));
            (one.min(other), one.max(other))
        };
        strong.sort_by(|one, other| {
            let by_weight = other.weight.total_cmp(&one.weight);
            by_weight
                .then_with(|| contents(one).cmp(&contents(other)))
                .then_with(|| (one.one, one.other).cmp(&(other.one, other.other)))
        });
        let mut of_record: Vec<u32> = (0_u32..).take(records.len()).collect();
        let mut groups: std::collections::HashMap<u32, Vec<u32>> = std::collections::HashMap::new();
        for edge in strong {
            let place = |record: u32| of_record.get(at(record)).copied().unwrap_or(record);
            let (one, other) = (place(edge.one), place(edge.other));
            if one == other {
                continue;
            }
            let a = groups.remove(&one).unwrap_or_else(|| vec![one]);
            let b = groups.remove(&other).unwrap_or_else(|| vec![other]);
            let fits = a.len().saturating_add(b.len()) <= RECORDS_MAX;
            if fits && speaks_for(records, model, &a, &b, least) {
                let name = one.min(other);
                for record in a.iter().chain(&b) {
                    if let Some(place) = of_record.get_mut(at(*record)) {
                        *place = name;
                    }
                }
                let mut joined = a;
                joined.extend(b);
                joined.sort_unstable();
                groups.insert(name, joined);
            } else {
                groups.insert(one, a);
                groups.insert(other, b);
            }
        }
        let mut lists: Vec<Vec<u32>> = groups.into_values().filter(|list| list.len() > 1).collect();
        lists.sort();
        Self { of_record, lists }
    }

    pub(super) fn are_joined(&self, one: u32, other: u32) -> bool {
        self.of_record.get(at(one)) == self.of_record.get(at(other))
    }

    pub(super) fn lists(&self) -> &[Vec<u32>] {
        &self.lists
    }

    pub(super) fn into_lists(self) -> Vec<Vec<u32>> {
        self.lists
    }
}

/// Whether the pairs between two groups are, taken together, worth what is asked of a pair.
fn speaks_for(records: &Records, model: &Model, one: &[u32], other: &[u32], least: f64) -> bool {
    let (mut sum, mut count) = (0.0, 0.0);
    for a in one {
        for b in other {
            sum += weight(records, model, *a, *b) - least;
            count += 1.0;
        }
    }
    count > 0.0 && sum >= 0.0
}

/// What two records are worth, likely or not.
pub(super) fn weight(records: &Records, model: &Model, one: u32, other: u32) -> f64 {
    let pattern = pattern(records, Side::of(records, one), Side::of(records, other));
    model.weight(records, pattern, other)
}
