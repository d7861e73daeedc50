//! All records against each other.

mod clusters;
mod scorer;
mod threshold;

use crate::blocking::Blocks;
use crate::model::{Model, Reason};
use crate::number::{index, pairs};
use crate::records::Records;
use crate::settings::{Join, Settings};
use crate::threads::each;
use crate::training::{in_chunks, pairs_of};

use self::clusters::Clusters;
use self::scorer::Scorer;
pub use self::threshold::Expected;

/// What is less likely is not even looked at by the choice of the threshold.
const PROBABILITY_MIN: f64 = 0.01;

/// What two records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// One person's.
    Join,
    /// Perhaps one person's: somebody should look.
    Review,
}

/// Two records that are one person's, or may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The one that came first.
    pub one: u32,
    /// The other one.
    pub other: u32,
    /// The sum of the reasons, in bits.
    pub weight: f64,
    /// The probability that both are one person's.
    pub probability: f64,
    /// What they are.
    pub decision: Decision,
}

/// What became of records.
#[derive(Clone, Debug)]
pub struct Links {
    /// In the order of their records.
    pub pairs: Vec<Pair>,
    /// The records of each person of whom there are several, in the order of the first of them.
    pub clusters: Vec<Vec<u32>>,
    /// The probability from which on records were joined.
    pub threshold: f64,
    /// What the model itself expects of that threshold.
    pub expected: Expected,
    /// How many pairs were compared.
    pub candidates: u64,
    /// How many records were passed over by each rule, because too many have one key.
    pub passed_over: Vec<u64>,
}

/// A pair that is likely enough.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    one: u32,
    other: u32,
    weight: f64,
}

/// Finds the records that are one person's. The same records give the same pairs, in whatever order they come.
pub fn link(records: &Records, model: &Model, settings: &Settings) -> Links {
    link_in(records, &Blocks::of(records, settings), model, settings, &|_| {})
}

/// Finds them in blocks that are there already, and tells how many more pairs of the blocks are done.
pub fn link_in(
    records: &Records,
    blocks: &Blocks,
    model: &Model,
    settings: &Settings,
    watch: &(dyn Fn(u64) + Sync),
) -> Links {
    let (candidates, edges) = likely(records, blocks, model, settings, watch);
    let probabilities: Vec<f64> = edges.iter().map(|edge| model.probability(edge.weight)).collect();
    let chosen = match settings.join {
        Join::Expected => threshold::best(&probabilities),
        Join::From(probability) => threshold::expected(&probabilities, probability),
    };
    let clusters = Clusters::of(records, model, &edges, model.weight_of(chosen.threshold));
    let pairs = pairs_told(records, model, &edges, &clusters, settings.review);
    Links {
        pairs,
        clusters: clusters.into_lists(),
        threshold: chosen.threshold,
        expected: chosen,
        candidates,
        passed_over: blocks.passed_over().to_vec(),
    }
}

/// The candidates that are likely enough, in the order of their records, and how many there were.
fn likely(
    records: &Records,
    blocks: &Blocks,
    model: &Model,
    settings: &Settings,
    watch: &(dyn Fn(u64) + Sync),
) -> (u64, Vec<Edge>) {
    let least = match settings.join {
        Join::Expected => settings.review,
        Join::From(probability) => settings.review.min(probability),
    };
    let scorer = Scorer::new(records, model, model.weight_of(PROBABILITY_MIN.min(least)));
    let runs: Vec<_> = blocks.runs().collect();
    let chunks = in_chunks(&runs);
    let found = each(settings.threads, chunks.len(), |chunk| {
        let (mut count, mut edges) = (0_u64, Vec::new());
        for run in chunks.get(chunk).copied().unwrap_or_default() {
            for (one, other) in pairs_of(run.records) {
                if blocks.is_earlier(run.rule, one, other) {
                    continue;
                }
                count = count.saturating_add(1);
                let (one, other) = (one.min(other), one.max(other));
                edges.extend(scorer.weight(one, other).map(|weight| Edge { one, other, weight }));
            }
        }
        let done = chunks.get(chunk).copied().unwrap_or_default().iter();
        watch(
            done.map(|run| pairs(index(run.records.len())))
                .fold(0, u64::saturating_add),
        );
        (count, edges)
    });
    let candidates = found
        .iter()
        .map(|(count, _)| count)
        .fold(0, |sum: u64, count| sum.saturating_add(*count));
    let mut edges: Vec<Edge> = found.into_iter().flat_map(|(_, edges)| edges).collect();
    edges.sort_unstable_by_key(|edge| (edge.one, edge.other));
    (candidates, edges)
}

/// The pairs of all clusters, and those that somebody should look at.
fn pairs_told(records: &Records, model: &Model, edges: &[Edge], clusters: &Clusters, review: f64) -> Vec<Pair> {
    let pair = |one: u32, other: u32, weight: f64, decision: Decision| Pair {
        one,
        other,
        weight,
        probability: model.probability(weight),
        decision,
    };
    let mut pairs: Vec<Pair> = Vec::new();
    for cluster in clusters.lists() {
        for (one, other) in pairs_of(cluster) {
            pairs.push(pair(
                one,
                other,
                clusters::weight(records, model, one, other),
                Decision::Join,
            ));
        }
    }
    let least = model.weight_of(review);
    let apart = edges
        .iter()
        .filter(|edge| edge.weight >= least && !clusters.are_joined(edge.one, edge.other));
    pairs.extend(apart.map(|edge| pair(edge.one, edge.other, edge.weight, Decision::Review)));
    pairs.sort_by_key(|pair| (pair.one, pair.other));
    pairs
}

impl Links {
    /// Why a pair is what it is.
    pub fn reasons(records: &Records, model: &Model, pair: &Pair) -> Vec<Reason> {
        model.explain(records, pair.one, pair.other)
    }

    /// How many pairs so many records make, by which the candidates are few.
    pub fn all_pairs(records: &Records) -> u64 {
        pairs(index(records.len()))
    }
}
