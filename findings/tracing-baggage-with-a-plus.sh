#!/usr/bin/env bash
# A campaign named "2 + 1 gold" is "2   1 gold" in Python and "2+++1+gold" when it comes from there.
#
# W3C Baggage percent-encodes its values as RFC 3986 does: a space is %20, and a plus stands for a plus. OpenTelemetry says
# nothing else, so its own SDKs should understand each other. What each writes, and how the others read it:
#
#   written by                              on the wire               read by Go, Rust, JavaScript   read by Python
#   Go go.opentelemetry.io/otel 1.47.0      2%20+%201%20gold          2 + 1 gold                     2   1 gold
#   Rust opentelemetry_sdk 0.33.1           2%20+%201%20gold          2 + 1 gold                     2   1 gold
#   JavaScript @opentelemetry/core 3.1.1    2%20%2B%201%20gold        2 + 1 gold                     2 + 1 gold
#   Python opentelemetry-api 1.45.2         2+%2B+1+gold              2+++1+gold                     2 + 1 gold
#
# Python encodes as HTML forms do. Each SDK's own round trip is right, so no test within one service sees it; a brand or
# campaign carried as baggage becomes another label in the figures of the services behind. Codes without a space or a plus
# survive everywhere; names do not belong into baggage.
#
# Needs Python 3, Go, Node.js, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-api==1.45.2
cat >bag.py <<'PY'
import sys
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
bag, carrier = W3CBaggagePropagator(), {}
if sys.argv[1] == "write":
    bag.inject(carrier, baggage.set_baggage("campaign", sys.argv[2]))
    print(carrier["baggage"])
else:
    print(baggage.get_baggage("campaign", bag.extract({"baggage": sys.argv[2]})))
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.25

require go.opentelemetry.io/otel v1.47.0
MOD
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

func main() {
	var bag propagation.Baggage
	carrier := propagation.MapCarrier{"baggage": os.Args[2]}
	if os.Args[1] == "write" {
		member, _ := baggage.NewMemberRaw("campaign", os.Args[2])
		members, _ := baggage.New(member)
		bag.Inject(baggage.ContextWithBaggage(context.Background(), members), carrier)
		fmt.Println(carrier["baggage"])
	} else {
		fmt.Println(baggage.FromContext(bag.Extract(context.Background(), carrier)).Member("campaign").Value())
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../bag-go .)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "bag"
version = "0.1.0"
edition = "2021"

[dependencies]
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace"] }

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use opentelemetry::{baggage::BaggageExt, propagation::TextMapPropagator, Context, KeyValue};
use std::collections::HashMap;

fn main() {
    let [_, what, text] = std::env::args().collect::<Vec<_>>().try_into().unwrap();
    let bag = opentelemetry_sdk::propagation::BaggagePropagator::new();
    let mut carrier = HashMap::from([("baggage".to_string(), text.clone())]);
    if what == "write" {
        bag.inject_context(&Context::new().with_baggage([KeyValue::new("campaign", text)]), &mut carrier);
        println!("{}", carrier["baggage"]);
    } else {
        println!("{}", bag.extract(&carrier).baggage().get("campaign").unwrap().as_str());
    }
}
RUST
cargo build --quiet --manifest-path rust/Cargo.toml --target-dir target

npm install --silent --no-audit --no-fund --no-save --prefix . @opentelemetry/api@1.10.0 @opentelemetry/core@3.1.1 >/dev/null
cat >bag.mjs <<'JS'
import { defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { W3CBaggagePropagator } from "@opentelemetry/core";
const [what, text] = process.argv.slice(2);
const bag = new W3CBaggagePropagator();
if (what === "write") {
  const carrier = {};
  const campaign = propagation.createBaggage({ campaign: { value: text } });
  bag.inject(propagation.setBaggage(ROOT_CONTEXT, campaign), carrier, defaultTextMapSetter);
  console.log(carrier.baggage);
} else {
  const context = bag.extract(ROOT_CONTEXT, { baggage: text }, defaultTextMapGetter);
  console.log(propagation.getBaggage(context).getEntry("campaign").value);
}
JS

sdks=("./bag-go" "target/debug/bag" "node bag.mjs" "venv/bin/python bag.py")
seen=$(for writer in "${sdks[@]}"; do
    wire=$($writer write "2 + 1 gold")
    echo "$wire $(for reader in "${sdks[@]}"; do printf '|%s' "$($reader read "$wire")"; done)"
done)
echo "$seen"
[ "$seen" = "campaign=2%20+%201%20gold |2 + 1 gold|2 + 1 gold|2 + 1 gold|2   1 gold
campaign=2%20+%201%20gold |2 + 1 gold|2 + 1 gold|2 + 1 gold|2   1 gold
campaign=2%20%2B%201%20gold |2 + 1 gold|2 + 1 gold|2 + 1 gold|2 + 1 gold
campaign=2+%2B+1+gold |2+++1+gold|2+++1+gold|2+++1+gold|2 + 1 gold" ]
echo "as described"
