//! Where the line is drawn, by what the model itself believes.

/// What the model expects of a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// From which probability on records are joined.
    pub threshold: f64,
    /// The share of the joined pairs that are one person's.
    pub precision: f64,
    /// The share of the pairs that are one person's, as far as they are candidates, which are joined.
    pub recall: f64,
}

impl Expected {
    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum > 0.0 {
            2.0 * self.precision * self.recall / sum
        } else {
            0.0
        }
    }
}

/// The threshold of which the best F1 is expected.
pub(super) fn best(probabilities: &[f64]) -> Expected {
    let mut sorted = probabilities.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    let all: f64 = sorted.iter().sum();
    let (mut right, mut count) = (0.0, 0.0);
    let (mut best, mut threshold) = (0.0, 0.5);
    let following = sorted.iter().skip(1).copied().chain([0.0]);
    for (probability, next) in sorted.iter().zip(following) {
        right += probability;
        count += 1.0;
        let f1 = 2.0 * right / (count + all);
        if f1 > best {
            // Between this pair and the next one, so that no rounding decides.
            (best, threshold) = (f1, f64::midpoint(*probability, next));
        }
    }
    expected(probabilities, threshold)
}

/// What is expected of a threshold.
pub(super) fn expected(probabilities: &[f64], threshold: f64) -> Expected {
    let mut sorted = probabilities.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    let all: f64 = sorted.iter().sum();
    let joined = || sorted.iter().take_while(|probability| **probability >= threshold);
    let right: f64 = joined().sum();
    let count: f64 = joined().map(|_| 1.0).sum();
    Expected {
        threshold,
        precision: if count > 0.0 { right / count } else { 1.0 },
        recall: if all > 0.0 { right / all } else { 1.0 },
    }
}
