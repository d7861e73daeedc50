//! What a caller decides.

use crate::blocking::Rule;
use crate::field::Field;

/// How records are compared and joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which records are compared at all: those that one of these rules brings together.
    pub rules: Vec<Rule>,
    /// From which probability on two records are one person's.
    pub join: Join,
    /// From which probability on somebody should look at two records.
    pub review: f64,
    /// How many records of one key are compared with each other; larger blocks are parted by further fields, or passed over.
    pub block_max: usize,
    /// How many random pairs tell what strangers agree in.
    pub random_pairs_max: u64,
    /// How many pairs of blocks tell what a person's records agree in.
    pub training_pairs_max: u64,
    /// How many threads work; the result does not depend on it.
    pub threads: usize,
}

/// Where the threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Join {
    /// The one by which the model expects the best F1.
    Expected,
    /// A probability.
    From(f64),
}

impl Settings {
    /// Settings that suit most records of such fields.
    pub fn of(fields: &[Field]) -> Self {
        Self {
            rules: Rule::of(fields),
            join: Join::Expected,
            review: 0.05,
            block_max: 100,
            random_pairs_max: 400_000,
            training_pairs_max: 400_000,
            threads: 1,
        }
    }
}
