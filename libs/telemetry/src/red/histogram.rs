//! Durations in fixed buckets, counted without locks.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds, inclusive, in microseconds, and as Prometheus writes them, in seconds.
const BOUNDS: [(u64, &str); 16] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];

/// How many durations fell into each bucket (the last one has no bound), and their sum.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: [AtomicU64; 17],
    sum_micros: AtomicU64,
}

/// A histogram at one moment. Counts are cumulative, as Prometheus wants them.
pub(super) struct Snapshot {
    pub(super) buckets: Vec<(&'static str, u64)>,
    pub(super) count: u64,
    pub(super) sum_micros: u64,
}

pub(super) fn bounds_in_seconds() -> Vec<f64> {
    BOUNDS
        .iter()
        .map(|(micros, _)| Duration::from_micros(*micros).as_secs_f64())
        .collect()
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: array::from_fn(|_| AtomicU64::new(0)),
            sum_micros: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(super) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < micros);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut count = 0_u64;
        let names = BOUNDS.iter().map(|(_, seconds)| *seconds).chain(["+Inf"]);
        let buckets = names
            .zip(&self.buckets)
            .map(|(name, bucket)| {
                count = count.saturating_add(bucket.load(Ordering::Relaxed));
                (name, count)
            })
            .collect();
        Snapshot {
            buckets,
            count,
            sum_micros: self.sum_micros.load(Ordering::Relaxed),
        }
    }
}
