#!/usr/bin/env bash
# Every hour, four times: one library answers three moments, another the same moment twice.
#
# RFC 5545 (3.3.5) reads a local time that a clock change skips with the offset before the change: on 2026-03-08, 02:30 in
# New York is 07:30Z. FREQ=DAILY at 02:30 and FREQ=HOURLY;COUNT=4 over that night and over the night of 2026-11-01, as UTC:
#
#                                 daily, 8 March   hourly, 8 March               hourly, 1 November
#   Python dateutil 2.9.0.post0   06:30            05:30 06:30 06:30 07:30       04:30 05:30 07:30 08:30
#   Go rrule-go 1.8.2             06:30            05:30 06:30 07:30             04:30 05:30 07:30 08:30
#   Rust rrule 0.14.0             07:30            05:30 06:30 07:30 07:30       04:30 05:30 07:30 08:30
#   JavaScript rrule 2.8.1        07:30            05:30 06:30 07:30 08:30       04:30 05:30 06:30 07:30
#
# In spring Go drops one of four occurrences, Rust and Python repeat one (the task is done twice for a member), and Python
# and Go run the daily one an hour early. In autumn three of four leave an hour out: COUNT counts wall clocks, not moments.
#
# Needs Python 3, Go, Node.js, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >rules.txt <<'RULES'
20260307T023000 FREQ=DAILY;COUNT=3
20260308T003000 FREQ=HOURLY;COUNT=4
20261101T003000 FREQ=HOURLY;COUNT=4
RULES

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check python-dateutil==2.9.0.post0
cat >times.py <<'PY'
from datetime import datetime, timezone
from dateutil import tz
from dateutil.rrule import rrulestr
zone = tz.gettz("America/New_York")
for line in open("rules.txt"):
    start, rule = line.split()
    begins = datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    print(*(time.astimezone(timezone.utc).strftime("%H:%M") for time in rrulestr(rule, dtstart=begins)))
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.23

require github.com/teambition/rrule-go v1.8.2
MOD
cat >go/main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/teambition/rrule-go"
)

func main() {
	file, _ := os.Open("rules.txt")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		start, rule, _ := strings.Cut(lines.Text(), " ")
		set, err := rrule.StrToRRuleSet("DTSTART;TZID=America/New_York:" + start + "\nRRULE:" + rule)
		if err != nil {
			panic(err)
		}
		var times []string
		for _, time := range set.All() {
			times = append(times, time.UTC().Format("15:04"))
		}
		fmt.Println(strings.Join(times, " "))
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../times-go .)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "times"
version = "0.1.0"
edition = "2021"

[dependencies]
chrono = "=0.4.42"
rrule = "=0.14.0"

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
fn main() {
    for line in std::fs::read_to_string("rules.txt").unwrap().lines() {
        let (start, rule) = line.split_once(' ').unwrap();
        let text = format!("DTSTART;TZID=America/New_York:{start}\nRRULE:{rule}");
        let set: rrule::RRuleSet = text.parse().unwrap();
        let utc = |time: &chrono::DateTime<rrule::Tz>| time.to_utc().format("%H:%M").to_string();
        println!("{}", set.all(9).dates.iter().map(utc).collect::<Vec<_>>().join(" "));
    }
}
RUST
cargo build --quiet --manifest-path rust/Cargo.toml --target-dir target

npm install --silent --no-audit --no-fund --no-save --prefix . rrule@2.8.1 >/dev/null
cat >times.cjs <<'JS'
const { rrulestr } = require("rrule");
for (const line of require("fs").readFileSync("rules.txt", "utf8").trim().split("\n")) {
  const [start, rule] = line.split(" ");
  const set = rrulestr(`DTSTART;TZID=America/New_York:${start}\nRRULE:${rule}`);
  console.log(set.all().map((time) => time.toISOString().slice(11, 16)).join(" "));
}
JS

seen=$(for run in "venv/bin/python times.py" ./times-go target/debug/times "node times.cjs"; do $run | paste -sd'|'; done)
echo "$seen"
[ "$seen" = "07:30 06:30 06:30|05:30 06:30 06:30 07:30|04:30 05:30 07:30 08:30
07:30 06:30 06:30|05:30 06:30 07:30|04:30 05:30 07:30 08:30
07:30 07:30 06:30|05:30 06:30 07:30 07:30|04:30 05:30 07:30 08:30
07:30 07:30 06:30|05:30 06:30 07:30 08:30|04:30 05:30 06:30 07:30" ]
echo "as described"
