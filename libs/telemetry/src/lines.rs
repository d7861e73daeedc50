//! Log lines, for people or as JSON, each with the trace that it belongs to.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::trace::Trace;

/// Writes a line for each event. Tests give it a writer of their own.
pub fn line_layer<S, W>(is_json: bool, has_colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    if is_json {
        lines.json().map_event_format(TracedJson).boxed()
    } else {
        lines.with_ansi(has_colours).map_event_format(TracedText).boxed()
    }
}

/// "`trace_id=0af7651916cd43dd8448eb211c80319c 2026-01-01T00:00:00Z ERROR ...`"
struct TracedText<F>(F);

impl<S, N, F> FormatEvent<S, N> for TracedText<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if let Some(trace) = Trace::current() {
            write!(writer, "trace_id={trace} ")?;
        }
        self.0.format_event(context, writer, event)
    }
}

/// "`{"trace_id":"0af7651916cd43dd8448eb211c80319c","timestamp":...}`"
struct TracedJson<F>(F);

impl<S, N, F> FormatEvent<S, N> for TracedJson<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace) = Trace::current() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{\"trace_id\":\"{trace}\",{rest}"),
            None => writer.write_str(&line),
        }
    }
}
