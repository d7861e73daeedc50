#!/usr/bin/env bash
# "Spending of the last thirty days" at one purchase: 111, 110 or 10, by the engine.
#
# A member buys for 1 on 12 October at 10:00, and on 11 November at 10:00, thirty days later to the second, for 10 and for 100
# in one basket. A tier that follows the sum of the last thirty days asks for it at each purchase, and five engines with a window
# over time answer without a hint that the question was open:
#
#                                                                    first   second   third
#   DuckDB 2.0.1, DataFusion 55.0.0, SQLite   RANGE 30 PRECEDING     1       111      111
#   Polars 2.1.0       rolling_sum_by(window_size="30d")             1       110      110
#   pandas 3.1.1       rolling("30D")                                1       10       110
#
# SQL counts the purchase of exactly thirty days ago, the other two do not. SQL and Polars give both lines of the basket the sum
# with both, pandas lets the first line see only itself, so its answer depends on the order of lines that have no order. An analyst who
# checks a rule in a notebook and runs it in SQL finds members on the edge of a tier that differ, and no bug in either.
# The rule has to say whether its window holds its far edge (ours: from > now - 30 days) and what a moment's equals are.
#
# Needs Python 3.11 or later with SQLite 3.38 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    datafusion==55.0.0 duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >sums.py <<'PY'
import sqlite3
from datetime import datetime
import datafusion, duckdb, pandas, polars, pyarrow, pyarrow.parquet

TIMES = [datetime(2026, 10, 12, 10), datetime(2026, 11, 11, 10), datetime(2026, 11, 11, 10)]
AMOUNTS = [1, 10, 100]
pyarrow.parquet.write_table(pyarrow.table({"time": pyarrow.array(TIMES, pyarrow.timestamp("us")), "amount": AMOUNTS}), "spent.parquet")
SQL = "SELECT sum(amount) OVER (ORDER BY time RANGE BETWEEN {} PRECEDING AND CURRENT ROW) s FROM {} ORDER BY time, amount"

print("DuckDB", *(int(row[0]) for row in duckdb.sql(SQL.format("INTERVAL '30 days'", "'spent.parquet'")).fetchall()))
context = datafusion.SessionContext()
context.register_parquet("spent", "spent.parquet")
print("DataFusion", *(row["s"] for row in context.sql(SQL.format("INTERVAL '30 days'", "spent")).to_pylist()))
database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE spent (time INTEGER, amount INTEGER)")
database.executemany("INSERT INTO spent VALUES (unixepoch(?), ?)", zip(map(str, TIMES), AMOUNTS))
print("SQLite", *(row[0] for row in database.execute(SQL.format(30 * 24 * 60 * 60, "spent"))))
frame = polars.read_parquet("spent.parquet")
print("Polars", *frame.select(polars.col("amount").rolling_sum_by("time", window_size="30d")).to_series())
frame = pandas.read_parquet("spent.parquet")
print("pandas", *map(int, frame.rolling("30D", on="time")["amount"].sum()))
PY
seen=$(venv/bin/python sums.py)
echo "$seen"
[ "$seen" = "DuckDB 1 111 111
DataFusion 1 111 111
SQLite 1 111 111
Polars 1 110 110
pandas 1 10 110" ]
echo "as described"
