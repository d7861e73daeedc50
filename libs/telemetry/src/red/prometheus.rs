//! The text exposition format, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tonic::Code;

use super::histogram::Snapshot;
use super::{Figures, Named, code_name, is_error};

pub(super) fn text(figures: &Figures) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = rpc(&mut text, figures)
        .and_then(|()| events(&mut text, figures))
        .and_then(|()| levels(&mut text, figures));
    text
}

fn rpc(text: &mut String, figures: &Figures) -> std::fmt::Result {
    let served = served(figures);
    family(
        text,
        "rpc_server_requests_total",
        "counter",
        "Requests answered, by method and code.",
    )?;
    for (_, labels, figures) in &served {
        writeln!(text, "rpc_server_requests_total{{{labels}}} {}", figures.count)?;
    }
    family(
        text,
        "rpc_server_errors_total",
        "counter",
        "Requests that the server failed, by method and code.",
    )?;
    for (_, labels, figures) in served.iter().filter(|(code, ..)| is_error(*code)) {
        writeln!(text, "rpc_server_errors_total{{{labels}}} {}", figures.count)?;
    }
    family(
        text,
        "rpc_server_duration_seconds",
        "histogram",
        "Time from request to answer.",
    )?;
    for (_, labels, figures) in &served {
        histogram(text, "rpc_server_duration_seconds", labels, figures)?;
    }
    Ok(())
}

fn events(text: &mut String, figures: &Figures) -> std::fmt::Result {
    let consumers = all(&figures.consumers);
    family(text, "events_consumed_total", "counter", "Facts applied, by consumer.")?;
    for (consumer, figures) in &consumers {
        let facts = figures.facts.load(Ordering::Relaxed);
        writeln!(
            text,
            "events_consumed_total{{consumer=\"{}\"}} {facts}",
            escaped(consumer)
        )?;
    }
    family(
        text,
        "events_apply_duration_seconds",
        "histogram",
        "Time to apply one batch of facts.",
    )?;
    for (consumer, figures) in &consumers {
        let labels = format!("consumer=\"{}\"", escaped(consumer));
        histogram(
            text,
            "events_apply_duration_seconds",
            &labels,
            &figures.duration.snapshot(),
        )?;
    }
    Ok(())
}

fn levels(text: &mut String, figures: &Figures) -> std::fmt::Result {
    for (name, level) in all(&figures.levels) {
        family(text, &name, "gauge", level.help)?;
        writeln!(text, "{name} {}", level.value.load(Ordering::Relaxed))?;
    }
    for (name, sum) in all(&figures.sums) {
        family(text, &name, "counter", sum.help)?;
        writeln!(text, "{name} {}", sum.value.load(Ordering::Relaxed))?;
    }
    Ok(())
}

/// Each method and code that was met, with its labels.
fn served(figures: &Figures) -> Vec<(Code, String, Snapshot)> {
    let mut found = Vec::new();
    for (method, figures) in all(&figures.methods) {
        for (number, served) in (0..).zip(&figures.by_code) {
            let Some(served) = served.get() else { continue };
            let code = Code::from_i32(number);
            let labels = format!("method=\"{}\",code=\"{}\"", escaped(&method), code_name(code));
            found.push((code, labels, served.duration.snapshot()));
        }
    }
    found
}

/// The figures of all names, copied so that no lock is held while they are written.
fn all<T>(named: &Named<T>) -> Vec<(Arc<str>, Arc<T>)> {
    let named = named.read().unwrap_or_else(PoisonError::into_inner);
    named
        .iter()
        .map(|(name, figures)| (Arc::clone(name), Arc::clone(figures)))
        .collect()
}

fn family(text: &mut String, metric: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# HELP {metric} {help}\n# TYPE {metric} {kind}")
}

fn histogram(text: &mut String, metric: &str, labels: &str, figures: &Snapshot) -> std::fmt::Result {
    for (bound, count) in &figures.buckets {
        writeln!(text, "{metric}_bucket{{{labels},le=\"{bound}\"}} {count}")?;
    }
    let (seconds, micros) = (
        figures.sum_micros.div_euclid(1_000_000),
        figures.sum_micros.rem_euclid(1_000_000),
    );
    writeln!(text, "{metric}_sum{{{labels}}} {seconds}.{micros:06}")?;
    writeln!(text, "{metric}_count{{{labels}}} {}", figures.count)
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
