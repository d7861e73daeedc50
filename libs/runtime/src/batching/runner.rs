use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use tokio::sync::Mutex;

use super::lane::Waiting;
use super::{Asked, Batch, Outcomes};
use crate::caught;

/// How often a run is run again that lost a race, or of which it is not known whether it took effect.
const RERUNS_MAX: u32 = 5;
/// The pause before it is run again; it doubles each time.
const BACKOFF: Duration = Duration::from_millis(1);

/// Runs what waits in one queue, as much at a time as has come while it was busy. Several may share a queue.
pub(super) struct Runner<B: Batch> {
    batch: Arc<B>,
    waiting: Arc<Mutex<Waiting<B>>>,
}

impl<B: Batch> Runner<B> {
    pub(super) fn new(batch: Arc<B>, waiting: Arc<Mutex<Waiting<B>>>) -> Self {
        Self { batch, waiting }
    }

    /// Ends when nobody can hand in any more, and all that was handed in is answered.
    pub(super) async fn run(self) {
        loop {
            // Those who share the queue wait for it here, and so what comes meanwhile gathers in it.
            let asked = self.waiting.lock().await.take().await;
            if asked.is_empty() {
                return;
            }
            self.answer(asked).await;
        }
    }

    /// Answers each. What fails together is halved, and halved again, until what makes it fail stands alone and gets its own
    /// error; the others are done.
    async fn answer(&self, asked: Vec<Asked<B>>) {
        let mut parts = vec![asked];
        while let Some(mut part) = parts.pop() {
            match self.attempt(&part).await {
                Ok(outcomes) => {
                    for (asked, outcome) in part.into_iter().zip(outcomes) {
                        asked.answer(outcome);
                    }
                }
                // Halves would fail by it too.
                Err(Fault::Unavailable {
                    reason,
                    message,
                    inside,
                    retry_after,
                }) => {
                    for asked in part {
                        asked.answer(Err(Fault::Unavailable {
                            reason,
                            message: message.clone(),
                            inside: inside.clone(),
                            retry_after,
                        }));
                    }
                }
                Err(fault) if part.len() <= 1 => {
                    if let Some(asked) = part.pop() {
                        asked.answer(Err(fault));
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, asks = part.len(), "{} failed together and are halved", B::NOUN);
                    let later = part.split_off(part.len().div_ceil(2));
                    parts.extend([later, part]);
                }
            }
        }
    }

    /// Runs it, again where it lost a race, and where its connection broke: whether it was committed is seen by what the next
    /// run finds.
    async fn attempt(&self, asked: &[Asked<B>]) -> Outcomes<B> {
        let mut backoff = BACKOFF;
        for _ in 0..RERUNS_MAX {
            match self.run_once(asked).await {
                Err(Fault::Contended | Fault::Unavailable { .. }) => {
                    kernel::pause(backoff).await;
                    backoff = backoff.saturating_mul(2);
                }
                outcome => return outcome,
            }
        }
        self.run_once(asked).await
    }

    /// What the domain believes of itself it asserts: where that does not hold, the run leaves no trace, and the runner lives
    /// on.
    async fn run_once(&self, asked: &[Asked<B>]) -> Outcomes<B> {
        let outcomes = caught(self.batch.run(asked)).await?;
        match outcomes.len() == asked.len() {
            true => Ok(outcomes),
            false => Err(Fault::internal(format!("not all {} have an outcome", B::NOUN))),
        }
    }
}
