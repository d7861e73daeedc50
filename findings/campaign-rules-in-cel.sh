#!/usr/bin/env bash
# One rule language, four engines: they differ in the day, in a member's missing name and in the text of a price.
#
# CEL has a specification and conformance tests, so a rule should hold alike in a page, a service and a notebook. Expressions
# that all of Go cel.dev/cel-go 0.33.2, Rust cel 0.15.0, TypeScript @bufbuild/cel 0.6.1 and Python cel-python 0.5.0 take, where D
# is timestamp("2026-11-11T00:00:00+08:00") and T is timestamp("2026-11-11T00:00:00Z"):
#
#                                           Go            Rust          TypeScript    Python
#   D.getDate()                             10            11            10            10
#   string(D)                               +08:00 kept   in UTC        in UTC        +08:00 kept
#   has({"name": null}.name)                true          true          false         true
#   duration("1.5s").getMilliseconds()      1500          1500          500           1500
#   T + 900 nanoseconds > T                 true          true          true          false
#   string(100000000.0)                     1e+08         100000000     100000000     100000000.0
#   "ￕ" < "😀"                              true          true          false         true
#   0.0 / 0.0 == 0.0 / 0.0                  false         false         false         true
#   int() of half a second before 1970      -1            -1            -1            0
#
# "The eleventh of November" starts eight hours apart: Rust takes the day of the literal's offset and writes UTC, Go takes the day
# of UTC and writes the offset. Name a zone in every getter, keep prices out of double, and test rules in the engine that runs them.
#
# Needs Python 3, Go, Node.js, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >rules.txt <<'RULES'
timestamp("2026-11-11T00:00:00+08:00").getDate()
string(timestamp("2026-11-11T00:00:00+08:00"))
has({"name": null}.name)
duration("1.5s").getMilliseconds()
timestamp("2026-11-11T00:00:00.000000900Z") > timestamp("2026-11-11T00:00:00Z")
string(100000000.0)
"ￕ" < "😀"
0.0 / 0.0 == 0.0 / 0.0
int(timestamp("1969-12-31T23:59:59.5Z"))
RULES

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.25

require cel.dev/cel-go v0.33.2
MOD
cat >go/main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"

	"cel.dev/cel-go/cel"
)

func main() {
	environment, _ := cel.NewEnv()
	file, _ := os.Open("rules.txt")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		rule, issues := environment.Compile(lines.Text())
		if issues.Err() != nil {
			panic(issues.Err())
		}
		program, _ := environment.Program(rule)
		value, _, err := program.Eval(map[string]any{})
		if err != nil {
			panic(err)
		}
		fmt.Println(value.Value())
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../rules-go .)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "rules"
version = "0.1.0"
edition = "2021"

[dependencies]
cel = "=0.15.0"

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use cel::{Context, Program, Value};

fn main() {
    for line in std::fs::read_to_string("rules.txt").unwrap().lines() {
        match Program::compile(line).unwrap().execute(&Context::default()).unwrap() {
            Value::Int(number) => println!("{number}"),
            Value::Bool(truth) => println!("{truth}"),
            Value::String(text) => println!("{text}"),
            other => panic!("{other:?}"),
        }
    }
}
RUST
cargo build --quiet --manifest-path rust/Cargo.toml --target-dir target

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/cel@0.6.1 >/dev/null
cat >rules.mjs <<'JS'
import { readFileSync } from "node:fs";
import { run } from "@bufbuild/cel";
for (const line of readFileSync("rules.txt", "utf8").trim().split("\n")) console.log(String(run(line)));
JS

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check cel-python==0.5.0
cat >rules.py <<'PY'
import celpy
environment = celpy.Environment()
for line in open("rules.txt", encoding="utf-8"):
    value = environment.program(environment.compile(line.strip())).evaluate({})
    print(str(value).lower() if isinstance(value, celpy.celtypes.BoolType) else value)
PY

seen=$(for run in ./rules-go target/debug/rules "node rules.mjs" "venv/bin/python rules.py"; do $run | paste -sd' '; done)
echo "$seen"
[ "$seen" = "10 2026-11-11T00:00:00+08:00 true 1500 true 1e+08 true false -1
11 2026-11-10T16:00:00Z true 1500 true 100000000 true false -1
10 2026-11-10T16:00:00Z false 500 true 100000000 false false -1
10 2026-11-11T00:00:00+08:00 true 1500 false 100000000.0 true true 0" ]
echo "as described"
