//! By the id of a trace its lines are found, exported or not, as text and as JSON.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use telemetry::Trace;
use tracing::Span;
use tracing_subscriber::layer::SubscriberExt;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(is_json: bool, work: impl FnOnce()) -> String {
    let paper = Paper::default();
    let writer = paper.clone();
    let lines = telemetry::line_layer(is_json, false, move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
    let bytes = paper.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_line_of_text_begins_with_its_trace() {
    let trace = Trace::of(&Span::none(), Some(TRACEPARENT));
    let line = written(false, || trace.within(|| tracing::error!("it failed")));
    assert!(
        line.starts_with(&format!("trace_id={TRACE} ")) && line.contains("it failed"),
        "{line}"
    );
}

#[test]
fn a_line_of_json_has_its_trace_and_stays_json() {
    let trace = Trace::of(&Span::none(), Some(TRACEPARENT));
    let line = written(true, || trace.within(|| tracing::error!(count = 3, "it failed")));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["fields"]["message"], "it failed");
}

#[test]
fn what_belongs_to_no_request_has_no_trace() {
    assert!(!written(false, || tracing::error!("it failed")).contains("trace_id"));
    let line = written(true, || tracing::error!("it failed"));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(line.get("trace_id").is_none());
}

#[test]
fn a_call_takes_the_trace_along_though_nothing_is_exported() {
    let trace = Trace::of(&Span::none(), Some(TRACEPARENT));
    let mut headers = http::HeaderMap::new();
    trace.within(|| telemetry::inject(&mut headers));
    let traceparent = telemetry::extract(&headers).unwrap();
    assert_eq!(Trace::of(&Span::none(), Some(traceparent)), trace);
    let (one, other) = (
        Trace::of(&Span::none(), None),
        Trace::of(&Span::none(), Some("nonsense")),
    );
    assert_ne!(one, other, "a call that names none gets one of its own");
}
