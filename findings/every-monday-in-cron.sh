#!/usr/bin/env bash
# "0 9 * * 1" is Monday, Tuesday or Sunday, and a step of one turns Mondays into every day.
#
# A campaign at nine on Mondays, in the five fields that everybody knows (Rust's cron crate wants the seconds before them); one
# every other week, for which somebody wrote Mondays on odd days; and one made by a form that writes "every day" as */1. On
# which days from 2026-11-01, a Sunday, eight libraries run them (the first five of each are asserted):
#
#                                 0 9 * * 1             0 9 */2 * 1           0 9 */1 * 1
#   Python cronsim 2.8            Mondays               odd and Monday        Mondays
#   Go robfig/cron 3.0.1          Mondays               odd or Monday         Mondays
#   JavaScript cron 4.4.0         Mondays               odd or Monday         Mondays
#   Python croniter 7.0.0         Mondays               odd or Monday         every day
#   JavaScript cron-parser 5.10.6 Mondays               odd or Monday         every day
#   JavaScript croner 11.0.1      Mondays               odd or Monday         every day
#   Python APScheduler 3.11.3     Tuesdays              odd and Tuesday       Tuesdays
#   Rust cron 0.17.0              Sundays               odd and Sunday        Sundays
#
# With both days restricted, either is enough, says the manual of cron; whether a star with a step restricts is what they do not
# agree on. In Kubernetes (robfig/cron) a step does and a step of one does not. CronTrigger.from_crontab counts weekdays from
# Monday as 0, though it reads a crontab. Names (MON) mean the same in all eight; days of both kinds do not belong into one
# rule, and a preview of the next dates belongs beside the field.
#
# Needs Python 3, Go, Node.js, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >rules <<'TEXT'
0 9 * * 1
0 9 */2 * 1
0 9 */1 * 1
0 9 * * MON
TEXT

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check cronsim==2.8 croniter==7.0.0 apscheduler==3.11.3
cat >days.py <<'PY'
from datetime import datetime, timedelta, timezone
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

start = datetime(2026, 11, 1, tzinfo=timezone.utc)

def trigger(rule):
    times, now = CronTrigger.from_crontab(rule, timezone="UTC"), start
    while True:
        now = times.get_next_fire_time(None, now)
        yield now
        now += timedelta(seconds=1)

def iterated(rule):
    times = croniter(rule, start)
    while True:
        yield times.get_next(datetime)

for name, days in (("cronsim", lambda rule: CronSim(rule, start)), ("croniter", iterated), ("APScheduler", trigger)):
    for rule in open("rules").read().splitlines():
        found = days(rule)
        print(f"{name}, {rule}:", *(next(found).strftime("%a%d") for _ in range(5)))
PY
venv/bin/python days.py >seen

npm install --silent --no-audit --no-fund --no-save --prefix . cron@4.4.0 cron-parser@5.10.6 croner@11.0.1 >/dev/null
cat >days.mjs <<'JS'
import { readFileSync } from "node:fs";
import { CronTime } from "cron";
import parser from "cron-parser";
import { Cron } from "croner";

const start = new Date("2026-11-01T00:00:00Z");
const day = (date) => date.toUTCString().slice(0, 3) + date.toISOString().slice(8, 10);
const libraries = {
  cron: (rule) => {
    const time = new CronTime(rule, "UTC");
    let now = start;
    return () => (now = time.getNextDateFrom(now, "UTC").toJSDate());
  },
  "cron-parser": (rule) => {
    const times = parser.CronExpressionParser.parse(rule, { currentDate: start, tz: "UTC" });
    return () => times.next().toDate();
  },
  croner: (rule) => {
    const times = new Cron(rule, { timezone: "UTC" }).nextRuns(5, start);
    return () => times.shift();
  },
};
for (const [name, days] of Object.entries(libraries)) {
  for (const rule of readFileSync("rules", "utf8").trim().split("\n")) {
    const next = days(rule);
    console.log(`${name}, ${rule}:`, ...Array.from({ length: 5 }, () => day(next())));
  }
}
JS
node days.mjs >>seen

mkdir go && cat >go/main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	rules := bufio.NewScanner(os.Stdin)
	for rules.Scan() {
		schedule, err := cron.ParseStandard(rules.Text())
		if err != nil {
			panic(err)
		}
		fmt.Printf("robfig, %s:", rules.Text())
		day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		for range 5 {
			day = schedule.Next(day)
			fmt.Print(" ", day.Format("Mon02"))
		}
		fmt.Println()
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/robfig/cron/v3@v3.0.1 >/dev/null 2>&1 && go run . <../rules >>../seen)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "days"
version = "0.0.0"
edition = "2024"

[dependencies]
chrono = "=0.4.45"
cron = "=0.17.0"

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use chrono::{TimeZone, Utc};

fn main() {
    let start = Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap();
    for rule in std::io::stdin().lines() {
        let rule = rule.unwrap();
        let schedule: cron::Schedule = format!("0 {rule}").parse().unwrap();
        let days: Vec<_> = schedule.after(&start).take(5).map(|day| day.format("%a%d").to_string()).collect();
        println!("Rust cron, {rule}: {}", days.join(" "));
    }
}
RUST
cargo run -q --manifest-path rust/Cargo.toml <rules >>seen

cat seen
[ "$(cat seen)" = "cronsim, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
cronsim, 0 9 */2 * 1: Mon09 Mon23 Mon07 Mon21 Mon11
cronsim, 0 9 */1 * 1: Mon02 Mon09 Mon16 Mon23 Mon30
cronsim, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
croniter, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
croniter, 0 9 */2 * 1: Sun01 Mon02 Tue03 Thu05 Sat07
croniter, 0 9 */1 * 1: Sun01 Mon02 Tue03 Wed04 Thu05
croniter, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
APScheduler, 0 9 * * 1: Tue03 Tue10 Tue17 Tue24 Tue01
APScheduler, 0 9 */2 * 1: Tue03 Tue17 Tue01 Tue15 Tue29
APScheduler, 0 9 */1 * 1: Tue03 Tue10 Tue17 Tue24 Tue01
APScheduler, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
cron, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
cron, 0 9 */2 * 1: Sun01 Mon02 Tue03 Thu05 Sat07
cron, 0 9 */1 * 1: Mon02 Mon09 Mon16 Mon23 Mon30
cron, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
cron-parser, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
cron-parser, 0 9 */2 * 1: Sun01 Mon02 Tue03 Thu05 Sat07
cron-parser, 0 9 */1 * 1: Sun01 Mon02 Tue03 Wed04 Thu05
cron-parser, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
croner, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
croner, 0 9 */2 * 1: Sun01 Mon02 Tue03 Thu05 Sat07
croner, 0 9 */1 * 1: Sun01 Mon02 Tue03 Wed04 Thu05
croner, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
robfig, 0 9 * * 1: Mon02 Mon09 Mon16 Mon23 Mon30
robfig, 0 9 */2 * 1: Sun01 Mon02 Tue03 Thu05 Sat07
robfig, 0 9 */1 * 1: Mon02 Mon09 Mon16 Mon23 Mon30
robfig, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30
Rust cron, 0 9 * * 1: Sun01 Sun08 Sun15 Sun22 Sun29
Rust cron, 0 9 */2 * 1: Sun01 Sun15 Sun29 Sun13 Sun27
Rust cron, 0 9 */1 * 1: Sun01 Sun08 Sun15 Sun22 Sun29
Rust cron, 0 9 * * MON: Mon02 Mon09 Mon16 Mon23 Mon30" ]
echo "as described"
