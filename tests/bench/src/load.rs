use std::time::{Duration, Instant};

use futures::future::join_all;
use tonic::Status;

/// How hard, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Each waits for its answer before it asks again.
    pub(crate) callers: usize,
    /// Not measured.
    pub(crate) warm_up: Duration,
    /// Measured.
    pub(crate) duration: Duration,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Microseconds of each answered call, sorted.
    latencies: Vec<u64>,
    /// Refused or failed calls.
    pub(crate) errors: usize,
    elapsed: Duration,
}

impl Load {
    /// Lets every caller call `one(n)` again and again; `n` never repeats.
    pub(crate) async fn measure<F, Call>(&self, one: F) -> Figures
    where
        F: Fn(u64) -> Call + Clone + Send + 'static,
        Call: Future<Output = Result<(), Status>> + Send,
    {
        let begun = Instant::now();
        let end = self.warm_up.saturating_add(self.duration);
        let warm_up = self.warm_up;
        let callers = (0..self.callers).map(|caller| {
            let (one, step) = (one.clone(), u64::try_from(self.callers).unwrap_or(1));
            let mut n = u64::try_from(caller).unwrap_or(0);
            tokio::spawn(async move {
                let (mut latencies, mut errors) = (Vec::new(), 0_usize);
                while begun.elapsed() < end {
                    let (at, called) = (begun.elapsed(), Instant::now());
                    let outcome = one(n).await;
                    n = n.saturating_add(step);
                    match outcome {
                        _ if at < warm_up => {}
                        Ok(()) => latencies.push(u64::try_from(called.elapsed().as_micros()).unwrap_or(u64::MAX)),
                        Err(_) => errors = errors.saturating_add(1),
                    }
                }
                (latencies, errors)
            })
        });
        let mut figures = Figures {
            elapsed: self.duration,
            ..Figures::default()
        };
        for (latencies, errors) in join_all(callers).await.into_iter().flatten() {
            figures.latencies.extend(latencies);
            figures.errors = figures.errors.saturating_add(errors);
        }
        figures.latencies.sort_unstable();
        figures
    }
}

impl Figures {
    /// Of what took so long, within a time.
    pub(crate) fn of(took: impl Iterator<Item = Duration>, elapsed: Duration) -> Self {
        let micros = took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let mut latencies: Vec<u64> = micros.collect();
        latencies.sort_unstable();
        Self {
            latencies,
            errors: 0,
            elapsed,
        }
    }

    /// Answered calls.
    pub(crate) fn calls(&self) -> u64 {
        u64::try_from(self.latencies.len()).unwrap_or(u64::MAX)
    }

    /// Answered calls per second.
    pub(crate) fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.calls().saturating_mul(1_000).checked_div(millis).unwrap_or(0)
    }

    /// The latency, in microseconds, that `per_mille` thousandths of the calls stay within.
    pub(crate) fn percentile(&self, per_mille: usize) -> u64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = last.saturating_mul(per_mille).checked_div(1_000).unwrap_or(0);
        self.latencies.get(index).copied().unwrap_or(0)
    }
}
