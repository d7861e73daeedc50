//! One span and one line in the log for each request: the method, the caller, the outcome and the time. Never a key.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use telemetry::Trace;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::caller::{Caller, Identity};

pub(super) struct AccessLog {
    span: Span,
    trace: Trace,
    started: Instant,
}

/// Records the method of the present request.
pub(super) fn method(full_name: &'static str) {
    Span::current().record("rpc.method", full_name);
}

/// Records the caller of the present request.
pub(super) fn caller(caller: &Caller) {
    let span = Span::current();
    span.record("tenant", tracing::field::display(caller.tenant));
    match &caller.identity {
        Identity::Key(id) => span.record("api_key_id", &**id),
        Identity::Token(subject) => span.record("token_subject", &**subject),
    };
}

impl AccessLog {
    pub(super) fn begin(request: &Request<Body>) -> Self {
        let span = tracing::info_span!(
            "gateway",
            otel.kind = "server",
            http.method = request.method().as_str(),
            rpc.method = Empty,
            tenant = Empty,
            api_key_id = Empty,
            token_subject = Empty,
        );
        let traceparent = telemetry::extract(request.headers());
        if let Some(traceparent) = traceparent {
            telemetry::set_parent(&span, traceparent);
        }
        Self {
            trace: Trace::of(&span, traceparent),
            span,
            started: Instant::now(),
        }
    }

    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        self.trace.during(work.instrument(self.span.clone())).await
    }

    /// Writes the line: now, where the outcome is known from the head, or when the body of a gRPC answer ends.
    pub(super) fn end(self, response: Response<Body>) -> Response<Body> {
        let is_grpc = super::grpc::is_grpc(response.headers());
        let outcome = match (is_grpc, grpc_code(response.headers())) {
            (false, _) => Some(Outcome::Http(response.status().as_u16())),
            (true, code) => code.map(Outcome::Grpc),
        };
        if let Some(outcome) = outcome {
            self.write(outcome);
            return response;
        }
        response.map(|body| Body::new(Logged { body, log: Some(self) }))
    }

    fn write(&self, outcome: Outcome) {
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.trace.within(|| match outcome {
            Outcome::Http(status) => tracing::info!(parent: &self.span, http.status = status, duration_us, "answered"),
            Outcome::Grpc(code) => tracing::info!(parent: &self.span, rpc.code = ?code, duration_us, "answered"),
        });
    }
}

enum Outcome {
    Http(u16),
    Grpc(Code),
}

fn grpc_code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()))
}

/// A body whose trailers have the outcome. Where it is dropped before them, the caller went away.
struct Logged {
    body: Body,
    log: Option<AccessLog>,
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        let outcome = match &frame {
            Some(Ok(frame)) => frame.trailers_ref().and_then(grpc_code),
            Some(Err(status)) => Some(status.code()),
            None => Some(Code::Unknown),
        };
        if let Some(outcome) = outcome
            && let Some(log) = self.log.take()
        {
            log.write(Outcome::Grpc(outcome));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        if let Some(log) = self.log.take() {
            log.write(Outcome::Grpc(Code::Cancelled));
        }
    }
}
