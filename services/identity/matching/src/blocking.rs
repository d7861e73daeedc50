//! Which records are compared: those that share a key.
//!
//! A rule makes a key of each record. Records of one key are a block, and all pairs of a block are candidates. A pair that
//! several rules bring together is a candidate of the first of them alone, which is seen by the keys, without a list of pairs.

mod key;
mod rule;

use crate::number::{at, index, pairs};
use crate::records::Records;
use crate::settings::Settings;
use crate::threads::each;

pub use self::rule::{Part, Rule};

/// No record has more keys.
pub const RULES_MAX: usize = 24;
/// A record that has no key by a rule, or too common a one.
const NO_KEY: u64 = 0;

/// The blocks of records.
#[derive(Clone, Debug)]
pub struct Blocks {
    rules: Vec<Rule>,
    /// The keys of all records, one record behind the other.
    keys: Vec<u64>,
    /// Of each rule the records in the order of their keys, without those that have none.
    orders: Vec<Vec<u32>>,
    /// Of each rule how many records had too common a key.
    passed_over: Vec<u64>,
}

/// A stretch of one rule's records with one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'b> {
    pub(crate) rule: usize,
    pub(crate) records: &'b [u32],
}

impl Blocks {
    /// Puts records into blocks.
    pub fn of(records: &Records, settings: &Settings) -> Self {
        let rules: Vec<Rule> = settings.rules.iter().take(RULES_MAX).cloned().collect();
        let made = each(settings.threads, rules.len(), |rule| {
            rules
                .get(rule)
                .map(|rule| key::keys(records, rule, settings.block_max))
                .unwrap_or_default()
        });
        let width = rules.len();
        let mut keys = vec![NO_KEY; records.len().saturating_mul(width)];
        let mut passed_over = Vec::new();
        let mut orders = Vec::new();
        for (rule, made) in made.into_iter().enumerate() {
            for (row, key) in keys.chunks_exact_mut(width.max(1)).zip(&made.of_records) {
                if let Some(place) = row.get_mut(rule) {
                    *place = *key;
                }
            }
            orders.push(made.order);
            passed_over.push(made.passed_over);
        }
        Self {
            rules,
            keys,
            orders,
            passed_over,
        }
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How many records each rule passed over because too many others have their key.
    pub fn passed_over(&self) -> &[u64] {
        &self.passed_over
    }

    /// How many pairs share a key; a pair counts for each rule that brings it together.
    pub fn pairs(&self) -> u64 {
        self.runs()
            .map(|run| pairs(index(run.records.len())))
            .fold(0, u64::saturating_add)
    }

    /// All blocks of at least two records.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.orders.iter().enumerate().flat_map(move |(rule, order)| {
            let same = move |one: &u32, other: &u32| self.key(*one, rule) == self.key(*other, rule);
            order
                .chunk_by(same)
                .filter(|records| records.len() > 1)
                .map(move |records| Run { rule, records })
        })
    }

    /// Whether an earlier rule brings the pair together, too.
    pub(crate) fn is_earlier(&self, rule: usize, one: u32, other: u32) -> bool {
        let keys = self.row(one).iter().zip(self.row(other)).take(rule);
        keys.filter(|(a, _)| **a != NO_KEY).any(|(a, b)| a == b)
    }

    /// The records that share a key with a record that is not among them, in order, each once. Keys that many records have
    /// lead to no more than `most` of them.
    pub fn candidates(&self, records: &Records, cells: &[&str], most: usize) -> Vec<u32> {
        let probe = records.probe(cells);
        let mut found = Vec::new();
        for (number, (rule, order)) in self.rules.iter().zip(&self.orders).enumerate() {
            for key in key::of_probe(&probe, rule) {
                let from = order.partition_point(|record| self.key(*record, number) < key);
                let block = order.get(from..).unwrap_or_default().iter();
                found.extend(block.take_while(|record| self.key(**record, number) == key).take(most));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn key(&self, record: u32, rule: usize) -> u64 {
        self.row(record).get(rule).copied().unwrap_or(NO_KEY)
    }

    fn row(&self, record: u32) -> &[u64] {
        let width = self.rules.len();
        let from = at(record).saturating_mul(width);
        self.keys.get(from..from.saturating_add(width)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
