#!/usr/bin/env bash
# Is the National Day of 2027 worked in China? One library will not say, one says no, one says yes.
#
# The State Council moves weekends around the holidays and publishes a year's days only late in the year before, while journeys
# and settlements are planned further ahead. Until then nobody can know all of it, and one expects an error or what the law
# fixes for every year (1 January, 1 October). "Is it a working day?", of three libraries at their versions of November 2026:
#
#                                                  2026-10-10 (Sat)   2027-01-01 (Fri)   2027-10-01 (Fri)   2027-02-08 (Mon)
#   Python chinesecalendar 1.11.0  is_workday      yes                refused            refused            refused
#   Python holidays 0.109          is_working_day  yes                no                 no                 no
#   JavaScript chinese-days 1.5.7  isWorkday       yes                yes                yes                yes
#
# For the published year they agree to the day, the Saturday that makes up for the holidays included. Beyond it chinese-days
# takes any Monday to Friday for worked, New Year's Day and the third day of the Spring Festival too, and does not tell such an
# answer from a known one; holidays computes and cannot know the Saturdays. Ask a table which says up to when it is known,
# and let what is planned beyond be looked at again.
#
# Needs Python 3, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check chinesecalendar==1.11.0 holidays==0.109
cat >days.py <<'PY'
import sys
from datetime import date, timedelta
import chinese_calendar, holidays

def known(day):
    try:
        return "yes" if chinese_calendar.is_workday(day) else "no"
    except NotImplementedError:
        return "refused"

china = holidays.CN()
days = list(map(date.fromisoformat, sys.argv[1:])) or [date(2026, 1, 1) + timedelta(i) for i in range(365)]
print(*map(known, days))
print(*("yes" if china.is_working_day(day) else "no" for day in days))
PY

npm install --silent --no-audit --no-fund --no-save --prefix . chinese-days@1.5.7 >/dev/null
cat >days.cjs <<'JS'
const { isWorkday } = require("chinese-days");
const given = process.argv.slice(2);
const year = Array.from({ length: 365 }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10));
console.log((given.length ? given : year).map((day) => (isWorkday(day) ? "yes" : "no")).join(" "));
JS

days="2026-10-10 2027-01-01 2027-10-01 2027-02-08"
seen=$(venv/bin/python days.py $days; node days.cjs $days; echo "answers for 2026: $({ venv/bin/python days.py; node days.cjs; } | sort -u | wc -l)")
echo "$seen"
[ "$seen" = "yes refused refused refused
yes no no no
yes yes yes yes
answers for 2026: 1" ]
echo "as described"
