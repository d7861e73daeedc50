use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry::trace::TraceId;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use crate::propagation::{parse, set_parent, traceparent_of};
use crate::trace::Trace;

/// In how many traces one batch goes on. The others are linked to its first span, and end there.
const TRACES_MAX: usize = 64;

/// A tenant's subject: the key within which the order of facts matters.
type Key = (Uuid, String);

tokio::task_local! {
    /// Of the facts that are being applied, what each subject's goes on under.
    static CAUSES: Arc<HashMap<Key, String>>;
}

/// A fact, as far as its trace is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'f> {
    /// The tenant to whom it happened.
    pub tenant: Uuid,
    /// What it is about.
    pub subject: &'f str,
    /// The trace that it happened in; empty where there was none.
    pub traceparent: &'f str,
}

/// The traces of a batch of facts that is applied at once. Each goes on in a span of its own, and what is written of a subject
/// meanwhile is a part of its trace; what is written of others, of that of the first.
#[derive(Debug)]
pub struct Causes {
    first: Span,
    others: Vec<Span>,
    trace: Trace,
    of_subjects: Arc<HashMap<Key, String>>,
}

impl Causes {
    /// Of these facts; each trace gets such a span. Of a subject with several traces the last one goes on.
    pub fn of<'f>(facts: impl Iterator<Item = Cause<'f>> + Clone, span: impl Fn() -> Span) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        let (mut of_traces, mut of_subjects) = (HashMap::<TraceId, String>::new(), HashMap::new());
        for fact in facts.clone() {
            let Some(parent) = parse(fact.traceparent) else {
                continue;
            };
            let goes_on = of_traces.entry(parent.trace_id()).or_insert_with(|| {
                let recorded = match spans.first() {
                    Some(first) if spans.len() >= TRACES_MAX => {
                        first.add_link(parent);
                        traceparent_of(first)
                    }
                    Some(_) | None => {
                        let span = span();
                        set_parent(&span, fact.traceparent);
                        let recorded = traceparent_of(&span);
                        spans.push(span);
                        recorded
                    }
                };
                // A process that exports nothing hands on what it was told.
                recorded.unwrap_or_else(|| fact.traceparent.to_owned())
            });
            of_subjects.insert((fact.tenant, fact.subject.to_owned()), goes_on.clone());
        }
        let mut spans = spans.into_iter();
        let first = spans.next().unwrap_or_else(span);
        let named = facts.map(|fact| fact.traceparent).find(|named| !named.is_empty());
        Self {
            trace: Trace::of(&first, named),
            first,
            others: spans.collect(),
            of_subjects: Arc::new(of_subjects),
        }
    }

    /// Applies them.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        let work = CAUSES.scope(self.of_subjects, work.instrument(self.first));
        let outcome = self.trace.during(work).await;
        drop(self.others);
        outcome
    }
}

/// What is written of a subject while facts are applied is a part of this trace; none where no fact of it has one.
pub fn cause(tenant: Uuid, subject: &str) -> Option<String> {
    let found = CAUSES.try_with(|causes| match causes.is_empty() {
        true => None,
        false => causes.get(&(tenant, subject.to_owned())).cloned(),
    });
    found.ok().flatten()
}

/// Makes a span a part of the first of these traces, and links it to the others, for a call that many have caused.
pub fn continue_traces<'t>(span: &Span, traceparents: impl IntoIterator<Item = &'t str>) {
    let mut parents = traceparents.into_iter().filter_map(|text| Some((text, parse(text)?)));
    let Some((first, parent)) = parents.next() else { return };
    set_parent(span, first);
    let mut linked = vec![parent.trace_id()];
    for (_, other) in parents {
        if linked.len() < TRACES_MAX && !linked.contains(&other.trace_id()) {
            linked.push(other.trace_id());
            span.add_link(other);
        }
    }
}
