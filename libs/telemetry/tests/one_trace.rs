//! One trace spans the process that caused something and the process that carried it out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

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

/// A traceparent of a trace of its own for each number.
fn named_trace(number: usize) -> String {
    format!("00-{:032x}-b7ad6b7169203331-01", number + 1)
}

#[test]
fn a_batch_goes_on_in_the_trace_of_each_fact_and_what_is_written_follows_its_subject() {
    let (tenant, traces) = (uuid::Uuid::from_u128(7), [0, 1].map(named_trace));
    let spans = recorded(|| {
        let fact = |subject, traceparent| telemetry::Cause {
            tenant,
            subject,
            traceparent,
        };
        let facts = [fact("ann", &*traces[0]), fact("bob", &traces[1]), fact("cid", "")];
        let causes = telemetry::Causes::of(facts.into_iter(), || info_span!("apply"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(causes.during(async {
            for (subject, trace) in ["ann", "bob"].into_iter().zip(&traces) {
                let goes_on = telemetry::cause(tenant, subject).unwrap();
                assert_eq!(goes_on[3..35], trace[3..35], "{subject}");
                assert_ne!(goes_on, *trace, "by the span of the batch");
            }
            assert_eq!(telemetry::cause(tenant, "cid"), None);
            assert_eq!(telemetry::cause(uuid::Uuid::nil(), "ann"), None, "another tenant's");
            assert_eq!(telemetry::trace_id().unwrap(), traces[0][3..35]);
        }));
        assert_eq!(telemetry::cause(tenant, "ann"), None, "afterwards");
    });
    let applied: Vec<String> = spans
        .iter()
        .map(|span| span.span_context.trace_id().to_string())
        .collect();
    assert_eq!(applied.len(), 2);
    assert!(
        traces.iter().all(|trace| applied.contains(&trace[3..35].to_owned())),
        "{applied:?}"
    );
}

#[test]
fn beyond_a_bound_traces_are_linked() {
    let traces: Vec<String> = (0..100).map(named_trace).collect();
    let spans = recorded(|| {
        let facts = traces.iter().map(|traceparent| telemetry::Cause {
            tenant: uuid::Uuid::nil(),
            subject: traceparent,
            traceparent,
        });
        let causes = telemetry::Causes::of(facts, || info_span!("apply"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(causes.during(async {
            let last = telemetry::cause(uuid::Uuid::nil(), &traces[99]).unwrap();
            assert_eq!(last[3..35], traces[0][3..35]);
        }));
        let call = info_span!("call");
        telemetry::continue_traces(&call, traces.iter().map(String::as_str).chain([""]));
    });
    let applied: Vec<&SpanData> = spans.iter().filter(|span| span.name == "apply").collect();
    assert_eq!(applied.len(), 64);
    let links: usize = applied.iter().map(|span| span.links.len()).sum();
    assert_eq!(links, 36);
    let call = named(&spans, "call");
    assert_eq!(
        (call.span_context.trace_id().to_string(), call.links.len()),
        (traces[0][3..35].to_owned(), 63)
    );
}

#[test]
fn a_span_for_log_lines_makes_no_trace() {
    let spans = recorded(|| {
        let worker = info_span!(target: telemetry::LINES_ONLY, "worker");
        worker.in_scope(|| {
            info_span!("one").in_scope(|| ());
            info_span!("other").in_scope(|| ());
        });
    });
    assert_eq!(spans.len(), 2);
    assert_ne!(
        named(&spans, "one").span_context.trace_id(),
        named(&spans, "other").span_context.trace_id()
    );
}
