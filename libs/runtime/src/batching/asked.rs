use fault::Fault;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use tracing::Instrument;

use super::{Batch, Outcome};

/// An ask that waits for its run.
pub struct Asked<B: Batch> {
    /// What is asked for.
    pub ask: B::Ask,
    /// When its caller stops waiting.
    deadline: Option<Instant>,
    traceparent: Option<String>,
    reply: oneshot::Sender<Outcome<B>>,
    /// Its place among those that come many at a time, which it gives back when it is answered.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// An ask that was handed in.
pub struct Pending<B: Batch>(oneshot::Receiver<Outcome<B>>);

impl<B: Batch> Asked<B> {
    pub(super) fn new(ask: B::Ask) -> (Self, Pending<B>) {
        let (reply, pending) = oneshot::channel();
        let asked = Self {
            ask,
            deadline: rpc::deadline(),
            traceparent: telemetry::traceparent(),
            reply,
            place: None,
        };
        (asked, Pending(pending))
    }

    /// Whether somebody still waits for its answer.
    pub fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    /// Asks a peer on behalf of all of these, for as long as any of them waits, as a part of the trace of the first, linked to
    /// those of the others: a run knows neither deadline nor trace by itself.
    pub async fn on_behalf_of_all<T>(asked: &[Self], work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let span = tracing::info_span!(parent: None, "ask", otel.name = B::NOUN, otel.kind = "client");
        telemetry::continue_traces(&span, asked.iter().filter_map(Self::traceparent));
        let work = work.instrument(span);
        let deadlines: Option<Vec<Instant>> = asked.iter().map(|asked| asked.deadline).collect();
        match deadlines.and_then(|deadlines| deadlines.into_iter().max()) {
            None => work.await,
            Some(latest) => rpc::within(latest.saturating_duration_since(Instant::now()), work).await?,
        }
    }

    /// The trace that it is a part of.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    pub(super) fn answer(self, outcome: Outcome<B>) {
        // The caller may have gone; what takes effect once is remembered.
        let _ = self.reply.send(outcome);
    }
}

impl<B: Batch> Pending<B> {
    /// The answer, once it is durable.
    pub async fn answer(self) -> Outcome<B> {
        self.0.await.unwrap_or_else(|_| Err(Fault::unavailable(B::STOPPED)))
    }
}
