//! One trace spans the process that caused something and the process that carried it out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::{InMemorySpanExporter, InMemorySpanExporterBuilder, SdkTracerProvider, SpanData};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

fn recorded(work: impl FnOnce()) -> Vec<SpanData> {
    let exporter: InMemorySpanExporter = InMemorySpanExporterBuilder::new().build();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let subscriber = tracing_subscriber::registry().with(telemetry::span_layer(&tracers));
    tracing::subscriber::with_default(subscriber, work);
    tracers.force_flush().unwrap();
    exporter.get_finished_spans().unwrap()
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap()
}

#[test]
fn a_fact_that_was_stored_with_its_traceparent_continues_the_trace_of_its_cause() {
    let spans = recorded(|| {
        let stored = info_span!("redeem_points").in_scope(|| telemetry::traceparent().unwrap());
        let consumed = info_span!("points.redeemed");
        telemetry::set_parent(&consumed, &stored);
        consumed.in_scope(|| info_span!("write").in_scope(|| ()));
    });
    let (cause, consumed, write) = (
        named(&spans, "redeem_points"),
        named(&spans, "points.redeemed"),
        named(&spans, "write"),
    );
    assert_eq!(cause.parent_span_id, SpanId::INVALID);
    assert_eq!(consumed.parent_span_id, cause.span_context.span_id());
    assert!(consumed.parent_span_is_remote);
    assert_eq!(write.parent_span_id, consumed.span_context.span_id());
    assert_eq!(consumed.span_context.trace_id(), cause.span_context.trace_id());
    assert_eq!(write.span_context.trace_id(), cause.span_context.trace_id());
}

#[test]
fn a_call_that_carries_the_headers_continues_the_trace_of_its_caller() {
    let spans = recorded(|| {
        let mut headers = http::HeaderMap::new();
        let trace_id = info_span!("caller").in_scope(|| {
            telemetry::inject(&mut headers);
            telemetry::trace_id().unwrap()
        });
        let callee = info_span!("callee");
        telemetry::set_parent(&callee, telemetry::extract(&headers).unwrap());
        callee.in_scope(|| assert_eq!(telemetry::trace_id().unwrap(), trace_id));
    });
    let (caller, answering) = (named(&spans, "caller"), named(&spans, "callee"));
    assert_eq!(answering.parent_span_id, caller.span_context.span_id());
    assert_eq!(answering.span_context.trace_id(), caller.span_context.trace_id());
}

#[test]
fn without_a_parent_each_span_begins_a_trace_of_its_own() {
    let spans = recorded(|| {
        info_span!("first").in_scope(|| ());
        let second = info_span!("second");
        telemetry::set_parent(&second, "not a traceparent");
        second.in_scope(|| ());
    });
    assert_ne!(
        named(&spans, "first").span_context.trace_id(),
        named(&spans, "second").span_context.trace_id()
    );
}

#[test]
fn the_spans_of_the_transport_are_not_exported() {
    let spans = recorded(|| tracing::info_span!(target: "h2::client", "frame").in_scope(|| ()));
    assert!(spans.is_empty());
}
