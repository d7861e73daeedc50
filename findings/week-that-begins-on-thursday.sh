#!/usr/bin/env bash
# "Buckets of seven days" begin on Monday, on Thursday, or on the day of the first purchase, and one frame gives two of them.
#
# Active members a week, or each fortnight, are counted by cutting time into steps of seven days, and nobody says from where. One
# purchase a day from 1 to 30 November 2026 (a Sunday to a Monday); where the steps begin that each of these cuts it into:
#
#                                             seven days                   fourteen days
#   DuckDB 2.0.1       time_bucket            Mon 26 Oct, 2 Nov ...        Mon 19 Oct, 2 Nov, 16 Nov, 30 Nov
#   DataFusion 55.0.0  date_bin               Thu 29 Oct, 5 Nov ...        Thu 22 Oct, 5 Nov, 19 Nov
#   Polars 2.1.0       truncate "7d", "14d"   Thu 29 Oct, 5 Nov ...        Thu 22 Oct, 5 Nov, 19 Nov
#   Polars             truncate "1w", "2w"    Mon 26 Oct, 2 Nov ...        Mon 26 Oct, 9 Nov, 23 Nov
#   PyArrow 26.0.1     floor, in days         Thu 29 Oct, 5 Nov ...        Thu 22 Oct, 5 Nov, 19 Nov
#   PyArrow            floor, in weeks        Mon 26 Oct, 2 Nov ...        Mon 19 Oct, 2 Nov, 16 Nov, 30 Nov
#   pandas 3.1.1       resample "7D", "14D"   Sun 1 Nov, 8 Nov ...         Sun 1 Nov, 15 Nov, 29 Nov
#   pandas             floor "7D", "14D"      Thu 29 Oct, 5 Nov ...        Thu 22 Oct, 5 Nov, 19 Nov
#
# 1970 began on a Thursday. So Polars' seven days are not its week, its fortnights of Mondays are the other ones than DuckDB's and
# PyArrow's, and pandas counts from the first row it happens to have, so that one late row moves every bar of the chart. Each
# has an argument for the origin: give it, or cut by the calendar's own week.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    datafusion==55.0.0 duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >weeks.py <<'PY'
from datetime import datetime, timedelta
import datafusion, duckdb, pandas, polars, pyarrow
from pyarrow import compute

days = [datetime(2026, 11, 1) + timedelta(number) for number in range(30)]
bought = pyarrow.table({"day": pyarrow.array(days, pyarrow.timestamp("us"))})
context = datafusion.SessionContext()
context.register_record_batches("bought", [bought.to_batches()])
frame, series = polars.from_arrow(bought)["day"], pandas.Series(days)
sql = "SELECT DISTINCT {}(INTERVAL '{} days', day) AS step FROM bought ORDER BY step"
ways = {
    "DuckDB time_bucket": lambda length: [row[0] for row in duckdb.sql(sql.format("time_bucket", length)).fetchall()],
    "DataFusion date_bin": lambda length: [row["step"] for row in context.sql(sql.format("date_bin", length)).to_pylist()],
    "Polars days": lambda length: frame.dt.truncate(f"{length}d"),
    "Polars weeks": lambda length: frame.dt.truncate(f"{length // 7}w"),
    "PyArrow days": lambda length: compute.floor_temporal(bought["day"], length, "day").to_pylist(),
    "PyArrow weeks": lambda length: compute.floor_temporal(bought["day"], length // 7, "week").to_pylist(),
    "pandas resample": lambda length: pandas.Series(1, pandas.DatetimeIndex(days)).resample(f"{length}D").sum().index,
    "pandas floor": lambda length: series.dt.floor(f"{length}D"),
}
for name, steps in ways.items():
    weeks, fortnights = (list(dict.fromkeys(f"{step:%a-%d}" for step in steps(length))) for length in (7, 14))
    print(name, *weeks[:2], "|", *fortnights)
PY
seen=$(venv/bin/python weeks.py)
echo "$seen"
[ "$seen" = "DuckDB time_bucket Mon-26 Mon-02 | Mon-19 Mon-02 Mon-16 Mon-30
DataFusion date_bin Thu-29 Thu-05 | Thu-22 Thu-05 Thu-19
Polars days Thu-29 Thu-05 | Thu-22 Thu-05 Thu-19
Polars weeks Mon-26 Mon-02 | Mon-26 Mon-09 Mon-23
PyArrow days Thu-29 Thu-05 | Thu-22 Thu-05 Thu-19
PyArrow weeks Mon-26 Mon-02 | Mon-19 Mon-02 Mon-16 Mon-30
pandas resample Sun-01 Sun-08 | Sun-01 Sun-15 Sun-29
pandas floor Thu-29 Thu-05 | Thu-22 Thu-05 Thu-19" ]
echo "as described"
