use std::fmt;

use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::propagation;

tokio::task_local! {
    /// What the present request belongs to.
    static TRACE: Trace;
}

/// The trace that a request belongs to, whether it is exported or not: its id stands in every log line, and goes along with
/// every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace(TraceId);

impl Trace {
    /// That of a span, where spans are exported; else that which the caller names; else a new one.
    pub fn of(span: &Span, traceparent: Option<&str>) -> Self {
        let exported = span.context().span().span_context().trace_id();
        if exported != TraceId::INVALID {
            return Self(exported);
        }
        let named = traceparent.and_then(propagation::trace_of);
        Self(named.unwrap_or_else(|| RandomIdGenerator::default().new_trace_id()))
    }

    /// That of the present request.
    pub fn current() -> Option<Self> {
        TRACE.try_with(|trace| *trace).ok()
    }

    /// Does work that belongs to it.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        TRACE.scope(self, work).await
    }

    /// The same, at once.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        TRACE.sync_scope(self, work)
    }

    /// As it goes along with a call, where no span is exported that the callee's could be a child of.
    pub(crate) fn traceparent(self) -> String {
        let span: SpanId = RandomIdGenerator::default().new_span_id();
        format!("00-{self}-{span}-00")
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
