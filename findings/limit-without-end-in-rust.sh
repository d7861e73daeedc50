#!/usr/bin/env bash
# A limit of infinity is written as null in Rust; its reader finds no limit, or refuses the whole message.
#
# A limit that may be absent is a google.protobuf.DoubleValue; "without end" is infinity, for which protobuf JSON has the text
# "Infinity". Rust's prost-reflect 0.16.5 reads that text in a plain double and in the wrapper and writes it back from the plain
# one alone. A message of both and of a list of wrappers, {"plain": "Infinity", "limit": "Infinity", "steps": [1, "Infinity"]}:
#
#   written by Python protobuf 7.36.2        the same
#   written by Rust prost-reflect            {"plain":"Infinity","limit":null,"steps":[1.0,null]}
#   what Rust wrote, read by either          refused: null is no element of a list
#   and without its steps                    has no limit
#
# NaN becomes null as well, in FloatValue too. The binary form is right, so a gateway of Rust between services
# that agree is where it comes from. In a patch a null beside its path means "clear", so that the limit which was raised
# to infinity is removed. Leave infinity out of wrappers, or give "without end" a field of its own.
#
# Needs Python 3, Rust.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio-tools==1.85.1 protobuf==7.36.2
cat >limits.proto <<'PROTO'
syntax = "proto3";
package shop.v1;
import "google/protobuf/wrappers.proto";
message Limits {
  double plain = 1;
  google.protobuf.DoubleValue limit = 2;
  google.protobuf.FloatValue small = 3;
  repeated google.protobuf.DoubleValue steps = 4;
}
PROTO
venv/bin/python -m grpc_tools.protoc -I . --include_imports --python_out=. --descriptor_set_out=limits.pb limits.proto

cat >again.py <<'PY'
import json, sys
from google.protobuf import json_format
from limits_pb2 import Limits
try:
    limits = json_format.Parse(sys.argv[1], Limits())
    print(json.dumps(json_format.MessageToDict(limits), separators=(",", ":")))
except json_format.ParseError:
    print("refused")
PY

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "again"
version = "0.1.0"
edition = "2021"

[dependencies]
prost-reflect = { version = "=0.16.5", features = ["serde"] }
serde_json = "=1.0.154"
TOML
cat >rust/src/main.rs <<'RUST'
use prost_reflect::{DescriptorPool, DynamicMessage};

fn main() {
    let pool = DescriptorPool::decode(std::fs::read("limits.pb").unwrap().as_slice()).unwrap();
    let text = std::env::args().nth(1).unwrap();
    let limits = pool.get_message_by_name("shop.v1.Limits").unwrap();
    match DynamicMessage::deserialize(limits, &mut serde_json::Deserializer::from_str(&text)) {
        Ok(limits) => println!("{}", serde_json::to_string(&limits).unwrap()),
        Err(_) => println!("refused"),
    }
}
RUST
cargo build -q --manifest-path rust/Cargo.toml --target-dir target

show() { echo "$1 $2: $("${@:3}" "$2")"; }
python=(venv/bin/python again.py)
rust=(target/debug/again)
all='{"plain":"Infinity","limit":"Infinity","steps":[1,"Infinity"]}'
alone='{"plain":"Infinity","limit":"Infinity","small":"NaN"}'
seen=$(show python "$all" "${python[@]}"
show rust "$all" "${rust[@]}"
show python "$("${rust[@]}" "$all")" "${python[@]}"
show rust "$("${rust[@]}" "$all")" "${rust[@]}"
show rust "$alone" "${rust[@]}"
show python "$("${rust[@]}" "$alone")" "${python[@]}"
show rust "$("${rust[@]}" "$alone")" "${rust[@]}")
echo "$seen"
[ "$seen" = 'python {"plain":"Infinity","limit":"Infinity","steps":[1,"Infinity"]}: {"plain":"Infinity","limit":"Infinity","steps":[1.0,"Infinity"]}
rust {"plain":"Infinity","limit":"Infinity","steps":[1,"Infinity"]}: {"plain":"Infinity","limit":null,"steps":[1.0,null]}
python {"plain":"Infinity","limit":null,"steps":[1.0,null]}: refused
rust {"plain":"Infinity","limit":null,"steps":[1.0,null]}: refused
rust {"plain":"Infinity","limit":"Infinity","small":"NaN"}: {"plain":"Infinity","limit":null,"small":null}
python {"plain":"Infinity","limit":null,"small":null}: {"plain":"Infinity"}
rust {"plain":"Infinity","limit":null,"small":null}: {"plain":"Infinity"}' ]
echo "as described"
