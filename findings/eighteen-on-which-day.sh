#!/usr/bin/env bash
# Someone born on 29 February 2004 is eighteen on 28 February 2022 or on 1 March, and one database says both.
#
# All of these add eighteen years to 2004-02-29 and get 2022-02-28. One would expect the way back to agree: the age on that
# day is eighteen. Full years from 2004-02-29 to
#
#                                                          2022-02-28   2022-03-01
#   DuckDB 2.0.1             date_sub('year', ...)         18           18
#   DuckDB 2.0.1             year of age(...)              17           18
#   Python dateutil 2.9.0.post0   relativedelta            18           18
#   JavaScript Luxon 3.7.2        diff                     18           18
#   JavaScript Day.js 1.11.23     diff                     18           18
#   JavaScript date-fns 4.4.0     differenceInYears        17           18
#   JavaScript temporal-polyfill 1.0.8  until              17           18
#   Java 17                       Period.between           17           18
#
# Those that say 18 ask whether birthday + 18 years has come, those that say 17 compare month and day. A page and the service
# behind it let the member buy, or give the birthday's gift, on different days; law differs by country too. A platform has to
# state its rule and compute it in one place.
#
# Needs Python 3, Node.js, Java 17.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check duckdb==2.0.1 python-dateutil==2.9.0.post0
cat >age.py <<'PY'
from datetime import date
import duckdb
from dateutil.relativedelta import relativedelta
BORN, DAYS = date(2004, 2, 29), [date(2022, 2, 28), date(2022, 3, 1)]

def duck(expression):
    return [duckdb.sql(f"SELECT {expression}".format(f"DATE '{BORN}'", f"DATE '{day}'")).fetchall()[0][0] for day in DAYS]

print("DuckDB plus", *duckdb.sql(f"SELECT CAST(DATE '{BORN}' + INTERVAL 18 YEAR AS DATE)").fetchall()[0])
print("DuckDB date_sub", *duck("date_sub('year', {}, {})"))
print("DuckDB age", *duck("date_part('year', age({1}, {0}))"))
print("dateutil plus", BORN + relativedelta(years=18))
print("dateutil", *(relativedelta(day, BORN).years for day in DAYS))
PY

npm install --silent --no-audit --no-fund --no-save --prefix . \
    date-fns@4.4.0 dayjs@1.11.23 luxon@3.7.2 temporal-polyfill@1.0.8 >/dev/null
cat >age.mjs <<'JS'
import { addYears, differenceInYears, formatISO, parseISO } from "date-fns";
import dayjs from "dayjs";
import { DateTime } from "luxon";
import { Temporal } from "temporal-polyfill";
const born = "2004-02-29";
const days = ["2022-02-28", "2022-03-01"];
console.log("Luxon plus", DateTime.fromISO(born).plus({ years: 18 }).toISODate());
console.log("Luxon", ...days.map((day) => Math.floor(DateTime.fromISO(day).diff(DateTime.fromISO(born), "years").years)));
console.log("Day.js plus", dayjs(born).add(18, "year").format("YYYY-MM-DD"));
console.log("Day.js", ...days.map((day) => dayjs(day).diff(born, "year")));
console.log("date-fns plus", formatISO(addYears(parseISO(born), 18), { representation: "date" }));
console.log("date-fns", ...days.map((day) => differenceInYears(parseISO(day), parseISO(born))));
console.log("Temporal plus", Temporal.PlainDate.from(born).add({ years: 18 }).toString());
console.log("Temporal", ...days.map((day) => Temporal.PlainDate.from(born).until(day, { largestUnit: "years" }).years));
JS

cat >Age.java <<'JAVA'
import java.time.LocalDate;
import java.time.Period;

class Age {
    public static void main(String[] days) {
        LocalDate born = LocalDate.of(2004, 2, 29);
        System.out.println("Java plus " + born.plusYears(18));
        System.out.print("Java");
        for (String day : days) System.out.print(" " + Period.between(born, LocalDate.parse(day)).getYears());
        System.out.println();
    }
}
JAVA

seen=$(venv/bin/python age.py; node age.mjs; java Age.java 2022-02-28 2022-03-01)
echo "$seen"
[ "$seen" = "DuckDB plus 2022-02-28
DuckDB date_sub 18 18
DuckDB age 17 18
dateutil plus 2022-02-28
dateutil 18 18
Luxon plus 2022-02-28
Luxon 18 18
Day.js plus 2022-02-28
Day.js 18 18
date-fns plus 2022-02-28
date-fns 17 18
Temporal plus 2022-02-28
Temporal 17 18
Java plus 2022-02-28
Java 17 18" ]
echo "as described"
