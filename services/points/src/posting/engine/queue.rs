use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::Ask;
use super::batch::Outcome;

/// When a caller should come back that found the queue full: when about half of it has been posted.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A posting that waits for its writer.
pub(crate) struct Job {
    pub(crate) ask: Ask,
    /// When its caller stops waiting.
    deadline: Option<Instant>,
    /// The trace that it is a part of.
    pub(crate) traceparent: Option<String>,
    reply: oneshot::Sender<Outcome>,
    /// Its place among those that come many at a time, which it gives back when it is answered.
    place: Option<OwnedSemaphorePermit>,
}

/// A posting that was handed in.
pub(crate) struct Pending(oneshot::Receiver<Outcome>);

impl Job {
    pub(crate) fn new(ask: Ask) -> (Self, Pending) {
        let (reply, pending) = oneshot::channel();
        let job = Self {
            ask,
            deadline: rpc::deadline(),
            traceparent: telemetry::traceparent(),
            reply,
            place: None,
        };
        (job, Pending(pending))
    }

    /// Whether somebody still waits for its answer.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    pub(crate) fn answer(self, outcome: Outcome) {
        // The caller may have gone; the answer is remembered.
        let _ = self.reply.send(outcome);
    }
}

impl Pending {
    /// The answer as it is remembered, once it is durable.
    pub(crate) async fn answer(self) -> Outcome {
        self.0.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// The way to one writer.
///
/// What comes many at a time, in batches and streams, waits for each other in one half of it, however much it is. The other
/// half is always there for callers of one posting, who are turned away at once rather than kept waiting.
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
    /// The places for what comes many at a time.
    places: Arc<Semaphore>,
}

impl Queue {
    pub(crate) fn new(jobs: mpsc::Sender<Job>) -> Self {
        let places = jobs.max_capacity().div_ceil(2);
        Self {
            jobs,
            places: Arc::new(Semaphore::new(places)),
        }
    }

    pub(crate) fn put(&self, job: Job) -> Result<(), Fault> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })
    }

    /// In the order in which they came.
    pub(crate) async fn put_when_room(&self, mut job: Job) -> Result<(), Fault> {
        let place = self.places.clone().acquire_owned().await;
        job.place = Some(place.map_err(|_| stopped())?);
        self.jobs.send(job).await.map_err(|_| stopped())
    }

    /// How many more it takes.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.jobs.capacity()
    }
}

fn full() -> Fault {
    Fault::overloaded(
        "the ledger has as many postings waiting as it can post in time",
        RETRY_AFTER,
    )
}

fn stopped() -> Fault {
    Fault::unavailable("the ledger is stopping: repeat with the same request id to learn the outcome")
}
