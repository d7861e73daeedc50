//! W3C Trace Context, version 00, <https://www.w3.org/TR/trace-context/>: how one trace spans processes and outboxes.
//!
//! Only `traceparent` travels. A service that adds nothing to `tracestate` may drop it (section 3.3 of the
//! recommendation), and a fact would have to store it.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::trace::Trace;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACEPARENT_BYTES: usize = 55;

/// The current span as the W3C header value, or nothing outside of a recorded trace.
pub fn traceparent() -> Option<String> {
    current().map(|span| write(&span))
}

/// The id of the current trace in hexadecimal, for a log line that somebody will look up.
pub fn trace_id() -> Option<String> {
    let span = current().map(|span| span.trace_id().to_string());
    span.or_else(|| Trace::current().map(|trace| trace.to_string()))
}

/// The trace that a well-formed `traceparent` names.
pub(crate) fn trace_of(traceparent: &str) -> Option<TraceId> {
    parse(traceparent).map(|span| span.trace_id())
}

/// Makes `span` a child of the span that `traceparent` names, which was usually made by another process. It must come
/// before the span is entered. A malformed value is ignored: a caller's mistake must not refuse its request.
pub fn set_parent(span: &Span, traceparent: &str) {
    let Some(parent) = parse(traceparent) else { return };
    // An empty context costs nothing and asks whether anybody records this span at all.
    if span.set_parent(opentelemetry::Context::new()).is_ok() {
        // It can only have been started between the two calls by entering it, which the caller was told not to do.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
    }
}

/// Writes the current span into the headers of an outgoing call, or the trace of the present request where spans are not
/// exported; outside of a trace it leaves them as they are.
pub fn inject(headers: &mut HeaderMap) {
    let span = current().map(|span| write(&span));
    let Some(traceparent) = span.or_else(|| Some(Trace::current()?.traceparent())) else {
        return;
    };
    if let Ok(value) = HeaderValue::try_from(traceparent) {
        headers.insert(TRACEPARENT, value);
    }
}

/// The well-formed `traceparent` of an incoming call, for [`set_parent`].
pub fn extract(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(TRACEPARENT)?.to_str().ok()?;
    parse(value).map(|_| value)
}

/// A span as the W3C header value, where it is recorded.
pub(crate) fn traceparent_of(span: &Span) -> Option<String> {
    recorded(span).map(|span| write(&span))
}

fn current() -> Option<SpanContext> {
    recorded(&Span::current())
}

fn recorded(span: &Span) -> Option<SpanContext> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.clone())
}

fn write(span: &SpanContext) -> String {
    let mut value = String::with_capacity(TRACEPARENT_BYTES);
    let flags = (span.trace_flags() & TraceFlags::SAMPLED).to_u8();
    // Writing to a string cannot fail.
    let _ = write!(value, "00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
    value
}

/// Versions after 00 may carry more after the flags (section 3.2.4 of the recommendation); version ff is forbidden.
pub(crate) fn parse(value: &str) -> Option<SpanContext> {
    let bytes = value.as_bytes();
    let known = bytes.len() == TRACEPARENT_BYTES && value.starts_with("00-");
    let later = bytes.len() >= TRACEPARENT_BYTES
        && !value.starts_with("00")
        && !value.starts_with("ff")
        && bytes.get(TRACEPARENT_BYTES).is_none_or(|byte| *byte == b'-');
    if !(known || later) {
        return None;
    }
    let mut parts = value.splitn(5, '-');
    let _version = lower_hex(parts.next()?, 2)?;
    let trace_id = TraceId::from_hex(lower_hex(parts.next()?, 32)?).ok()?;
    let span_id = SpanId::from_hex(lower_hex(parts.next()?, 16)?).ok()?;
    let flags = u8::from_str_radix(lower_hex(parts.next()?, 2)?, 16).ok()?;
    let span = SpanContext::new(
        trace_id,
        span_id,
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    span.is_valid().then_some(span)
}

fn lower_hex(part: &str, digits: usize) -> Option<&str> {
    let fits = part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then_some(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_survives_reading_and_writing() {
        assert_eq!(write(&parse(EXAMPLE).unwrap()), EXAMPLE);
        assert!(parse(EXAMPLE).unwrap().is_remote());
    }

    #[test]
    fn unknown_flags_are_cleared_and_later_versions_are_read() {
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-what-the-future-holds";
        assert_eq!(write(&parse(later).unwrap()), EXAMPLE);
    }

    #[test]
    fn a_malformed_traceparent_is_ignored() {
        for malformed in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é01",
        ] {
            assert!(parse(malformed).is_none(), "{malformed}");
        }
    }

    #[test]
    fn without_a_trace_nothing_is_injected() {
        let mut headers = HeaderMap::new();
        inject(&mut headers);
        assert!(headers.is_empty() && traceparent().is_none() && trace_id().is_none());
        set_parent(&Span::current(), EXAMPLE);
        assert!(traceparent().is_none());
    }

    #[test]
    fn only_a_well_formed_header_is_extracted() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static("00-nonsense"));
        assert_eq!(extract(&headers), None);
        headers.insert(TRACEPARENT, HeaderValue::from_static(EXAMPLE));
        assert_eq!(extract(&headers), Some(EXAMPLE));
    }
}
