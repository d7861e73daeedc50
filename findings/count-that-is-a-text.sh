#!/usr/bin/env bash
# A length in a span is a text in the trace, and a difference of lengths is a number.
#
# A span's field of an integer becomes an attribute that a trace store can compare: lines > 100. With Rust's tracing 0.1.44 and
# tracing-opentelemetry 0.34.0 that holds for signed integers only. tracing has its own call for unsigned ones, the bridge does
# not take it, and the default of that call is to print the value:
#
#   field                                  attribute, in spans and in events
#   lines = items.len()       usize        "3"   a string
#   points = 3_u64                         "3"   a string
#   left = 3_u32                           "3"   a string
#   change = 3_i64, step = 3_i32           3     an integer
#   share = 1.5                            1.5   a double
#
# OTLP has no unsigned integer, but every u32, and every length that a program can have, fits its signed one. So a search for
# lines > 100 compares a number with texts, and a field that one service counts in i64 and another in usize has two types under
# one name. Cast what is to be searched: lines = items.len() as i64.
#
# Needs a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src && cat >Cargo.toml <<'TOML'
[package]
name = "count"
version = "0.0.0"
edition = "2024"

[dependencies]
opentelemetry = "=0.33.1"
opentelemetry_sdk = { version = "=0.33.1", features = ["testing"] }
tracing = "=0.1.44"
tracing-opentelemetry = "=0.34.0"
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry"] }

[workspace]
TOML
cat >src/main.rs <<'RUST'
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::prelude::*;

fn show(whose: &str, attributes: &[KeyValue]) {
    for name in ["lines", "points", "left", "change", "step", "share"] {
        let Some(found) = attributes.iter().find(|attribute| attribute.key.as_str() == name) else { continue };
        let kind = match &found.value {
            Value::String(_) => "string",
            Value::I64(_) => "integer",
            Value::F64(_) => "double",
            _ => "another",
        };
        println!("{whose} {name}: {kind} {}", found.value);
    }
}

fn main() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let items = ["a", "b", "c"];
        let span = tracing::info_span!(
            "import", lines = items.len(), points = 3_u64, left = 3_u32, change = 3_i64, step = 3_i32, share = 1.5
        );
        let _entered = span.enter();
        tracing::info!(lines = items.len(), change = 3_i64, "done");
    });
    let span = &exporter.get_finished_spans().unwrap()[0];
    show("span", &span.attributes);
    show("event", &span.events.iter().next().unwrap().attributes);
}
RUST
seen=$(cargo run -q)
echo "$seen"
[ "$seen" = "span lines: string 3
span points: string 3
span left: string 3
span change: integer 3
span step: integer 3
span share: double 1.5
event lines: string 3
event change: integer 3" ]
echo "as described"
