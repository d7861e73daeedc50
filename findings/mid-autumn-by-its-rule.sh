#!/usr/bin/env bash
# The Mid-Autumn Festival, written as the calendar standard has it, is on 25 September of each year for two libraries of seven.
#
# RFC 7529 lets a recurrence follow another calendar (RSCALE=CHINESE) and says what becomes of a day that a month lacks (SKIP).
# One expects a library that knows neither to refuse such a rule. The next dates of a festival that is on 25 September 2026, of a
# monthly day from 31 January 2026, and of a birthday on 29 February 2024 by a plain rule:
#
#                                        RSCALE=CHINESE;         RSCALE=GREGORIAN;FREQ=     FREQ=YEARLY
#                                        FREQ=YEARLY             MONTHLY;SKIP=BACKWARD
#   JavaScript rrule-temporal 2.2.8      2027-09-15 2028-10-03   02-28 03-31                2028-02-29 2032-02-29
#   Java lib-recur 0.17.1                refused                 02-28 03-31                2028-02-29 2032-02-29
#   JavaScript ical.js 2.2.1             2027-09-25 2028-09-25   03-31 05-31                2025-03-01 2026-03-01
#   Java ical4j 4.1.1                    2027-09-25 2028-09-25   03-31 05-31                2028-02-29 2032-02-29
#   Python dateutil 4.0.0, JavaScript
#     rrule 2.8.1, Go rrule-go 1.8.2     refused                 refused                    2028-02-29 2032-02-29
#
# Two take the rules and answer by the Gregorian calendar and without the skip, with no error, so that an invitation which one
# library wrote is on another day where it is read. ical.js moves the birthday to 1 March besides, where RFC 5545 (3.3.10) skips
# a day that is not there, so "once a year" alone has two answers. Keep rules to what all readers of yours answer alike, and
# compute lunar dates before they become a list of dates (RDATE).
#
# Needs Python 3, Go, Node.js with full ICU, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >rules <<'RULES'
20260925 RSCALE=CHINESE;FREQ=YEARLY;COUNT=3
20260131 RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=3
20240229 FREQ=YEARLY;COUNT=3
RULES

npm install --silent --no-audit --no-fund --no-save --prefix . rrule-temporal@2.2.8 ical.js@2.2.1 rrule@2.8.1 >/dev/null
cat >dates.mjs <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import rrule from "rrule";
import { RRuleTemporal } from "rrule-temporal";
const ways = {
  "rrule-temporal": (day, rule) =>
    new RRuleTemporal({ rruleString: `DTSTART;TZID=Asia/Shanghai:${day}T090000\nRRULE:${rule}` }).all().map((date) => date.toPlainDate().toString()),
  "ical.js": (day, rule) => {
    const dates = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromString(day.replace(/(....)(..)(..)/, "$1-$2-$3")));
    return [1, 2, 3].map(() => dates.next().toString());
  },
  rrule: (day, rule) => rrule.rrulestr(`DTSTART:${day}T090000Z\nRRULE:${rule}`).all().map((date) => date.toISOString().slice(0, 10)),
};
for (const [name, dates] of Object.entries(ways)) {
  for (const line of readFileSync("rules", "utf8").trim().split("\n")) {
    let answer = ["refused"];
    try {
      answer = dates(...line.split(" ")).slice(1, 3);
    } catch {}
    console.log(name, ...answer);
  }
}
JS

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check python-dateutil==4.0.0
cat >dates.py <<'PY'
from dateutil.rrule import rrulestr
for line in open("rules"):
    day, rule = line.split()
    try:
        print("dateutil", *(f"{date:%Y-%m-%d}" for date in list(rrulestr(f"DTSTART:{day}T090000\nRRULE:{rule}"))[1:3]))
    except ValueError:
        print("dateutil refused")
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require github.com/teambition/rrule-go v1.8.2
MOD
cat >go/main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/teambition/rrule-go"
)

func main() {
	text, _ := os.ReadFile("rules")
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		day, rule, _ := strings.Cut(line, " ")
		set, err := rrule.StrToRRuleSet("DTSTART:" + day + "T090000Z\nRRULE:" + rule)
		if err != nil {
			fmt.Println("rrule-go refused")
			continue
		}
		dates := set.All()
		fmt.Println("rrule-go", dates[1].Format("2006-01-02"), dates[2].Format("2006-01-02"))
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../dates-go .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.dmfs</groupId><artifactId>lib-recur</artifactId><version>0.17.1</version></dependency>
    <dependency><groupId>org.mnode.ical4j</groupId><artifactId>ical4j</artifactId><version>4.1.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Dates.java <<'JAVA'
import java.nio.file.*;
import java.time.*;
import java.time.format.DateTimeFormatter;
import net.fortuna.ical4j.model.Recur;
import org.dmfs.rfc5545.DateTime;
import org.dmfs.rfc5545.recur.*;

class Dates {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of("rules"))) {
            String[] parts = line.split(" ");
            String answer = "";
            try {
                var dates = new RecurrenceRule(parts[1]).iterator(DateTime.parse(parts[0]));
                dates.nextDateTime();
                for (int i = 0; i < 2; i++) answer += " " + dates.nextDateTime().toString().replaceFirst("(....)(..)(..)", "$1-$2-$3");
            } catch (InvalidRecurrenceRuleException error) {
                answer = " refused";
            }
            System.out.println("lib-recur" + answer);
            LocalDate day = LocalDate.parse(parts[0], DateTimeFormatter.BASIC_ISO_DATE);
            answer = "";
            for (LocalDate date : new Recur<LocalDate>(parts[1]).getDates(day, day, day.plusYears(13)).subList(1, 3)) answer += " " + date;
            System.out.println("ical4j" + answer);
        }
    }
}
JAVA

seen=$({ node --no-warnings dates.mjs; venv/bin/python dates.py; ./dates-go; java -cp 'jars/*' Dates.java 2>/dev/null; } | sort -s -k1,1)
echo "$seen"
[ "$seen" = "dateutil refused
dateutil refused
dateutil 2028-02-29 2032-02-29
ical.js 2027-09-25 2028-09-25
ical.js 2026-03-31 2026-05-31
ical.js 2025-03-01 2026-03-01
ical4j 2027-09-25 2028-09-25
ical4j 2026-03-31 2026-05-31
ical4j 2028-02-29 2032-02-29
lib-recur refused
lib-recur 2026-02-28 2026-03-31
lib-recur 2028-02-29 2032-02-29
rrule refused
rrule refused
rrule 2028-02-29 2032-02-29
rrule-go refused
rrule-go refused
rrule-go 2028-02-29 2032-02-29
rrule-temporal 2027-09-15 2028-10-03
rrule-temporal 2026-02-28 2026-03-31
rrule-temporal 2028-02-29 2032-02-29" ]
echo "as described"
