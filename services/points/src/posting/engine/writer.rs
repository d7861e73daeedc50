use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fault::Fault;
use futures::FutureExt;
use tokio::sync::mpsc;

use super::batch::{Batch, Outcome};
use super::queue::Job;

/// How many postings share a transaction at the most.
const JOBS_MAX: usize = 1_024;
/// How often a transaction is run again that lost a race, or of which it is not known whether it was committed.
const RERUNS_MAX: u32 = 5;
/// The pause before it is run again; it doubles each time.
const BACKOFF: Duration = Duration::from_millis(1);

/// Posts what waits in one queue, as much at a time as has come while it was busy.
pub(crate) struct Writer {
    batch: Batch,
}

impl Writer {
    pub(crate) fn new(batch: Batch) -> Self {
        Self { batch }
    }

    /// Ends when nobody can hand in any more, and all that was handed in is posted.
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while queue.recv_many(&mut jobs, JOBS_MAX).await > 0 {
            self.post(std::mem::take(&mut jobs)).await;
        }
    }

    /// Posts all of them and answers each. What fails together is halved, and halved again, until what makes it fail stands
    /// alone and gets its own error; the others are posted.
    async fn post(&self, jobs: Vec<Job>) {
        let mut parts = vec![jobs];
        while let Some(mut part) = parts.pop() {
            match self.attempt(&part).await {
                Ok(outcomes) => {
                    for (job, outcome) in part.into_iter().zip(outcomes) {
                        job.answer(outcome);
                    }
                }
                // Halves would fail by it too.
                Err(Fault::Unavailable {
                    reason,
                    message,
                    inside,
                    retry_after,
                }) => {
                    for job in part {
                        job.answer(Err(Fault::Unavailable {
                            reason,
                            message: message.clone(),
                            inside: inside.clone(),
                            retry_after,
                        }));
                    }
                }
                Err(fault) if part.len() <= 1 => {
                    if let Some(job) = part.pop() {
                        job.answer(Err(fault));
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, postings = part.len(), "postings failed together and are halved");
                    let later = part.split_off(part.len().div_ceil(2));
                    parts.extend([later, part]);
                }
            }
        }
    }

    /// Runs a transaction, again where it lost a race, and where its connection broke: whether it was committed is seen by
    /// the answers that the next run finds.
    async fn attempt(&self, jobs: &[Job]) -> Result<Vec<Outcome>, Fault> {
        let mut backoff = BACKOFF;
        for _ in 0..RERUNS_MAX {
            match self.run_once(jobs).await {
                Err(Fault::Contended | Fault::Unavailable { .. }) => {
                    kernel::pause(backoff).await;
                    backoff = backoff.saturating_mul(2);
                }
                outcome => return outcome,
            }
        }
        self.run_once(jobs).await
    }

    /// What the domain believes of itself it asserts: where that does not hold, the transaction is rolled back, and the
    /// writer lives on.
    async fn run_once(&self, jobs: &[Job]) -> Result<Vec<Outcome>, Fault> {
        let outcome = AssertUnwindSafe(self.batch.post(jobs)).catch_unwind().await;
        outcome.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Fault::internal(format!(
                "a posting panicked: {}",
                words.unwrap_or("without words")
            )))
        })
    }
}
