#!/usr/bin/env bash
# Three amounts of 9 * 10^18 make 8.55 * 10^18, in four engines out of six.
#
# One Parquet file with one INT64 column, three rows of 9,000,000,000,000,000,000. The sum is 27 * 10^18, beyond a signed
# 64-bit integer. Seen:
#
#   DuckDB 2.0.1         27000000000000000000    (its sum is a 128-bit integer)
#   SQLite 3             error: integer overflow
#   DataFusion 55.0.0    8553255926290448384     no error; also in a window, where a running sum turns negative
#   PyArrow 26.0.1       8553255926290448384     no error
#   Polars 2.1.0         8553255926290448384     no error
#   pandas 3.1.1         8553255926290448384     no error
#
# The wrapped sum is positive and looks like a figure. The average over the same column is right in all of them (9e18), since
# it is computed in floating point, so that sum / count and avg contradict each other: a check that finds it.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    datafusion==55.0.0 duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >sums.py <<'PY'
import sqlite3
import datafusion, duckdb, pandas, polars, pyarrow
import pyarrow.compute, pyarrow.parquet

AMOUNTS = [9 * 10**18] * 3
pyarrow.parquet.write_table(pyarrow.table({"amount": pyarrow.array(AMOUNTS, pyarrow.int64())}), "amounts.parquet")
table = pyarrow.parquet.read_table("amounts.parquet")

print("DuckDB", *duckdb.sql("SELECT sum(amount), avg(amount) FROM 'amounts.parquet'").fetchall()[0])
context = datafusion.SessionContext()
context.register_parquet("amounts", "amounts.parquet")
print("DataFusion", *context.sql("SELECT sum(amount) s, avg(amount) a FROM amounts").to_pylist()[0].values())
running = context.sql("SELECT sum(amount) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s FROM amounts").to_pylist()
print("DataFusion, running", min(row["s"] for row in running))
print("PyArrow", pyarrow.compute.sum(table["amount"]), pyarrow.compute.mean(table["amount"]))
print("Polars", *polars.read_parquet("amounts.parquet").select(s=polars.sum("amount"), a=polars.mean("amount")).row(0))
frame = pandas.read_parquet("amounts.parquet")
print("pandas", frame["amount"].sum(), frame["amount"].mean())
database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE amounts (amount INTEGER)")
database.executemany("INSERT INTO amounts VALUES (?)", [(amount,) for amount in AMOUNTS])
try:
    print("SQLite", database.execute("SELECT sum(amount) FROM amounts").fetchone())
except sqlite3.OperationalError as error:
    print("SQLite", error)
PY
seen=$(venv/bin/python sums.py)
echo "$seen"
[ "$seen" = "DuckDB 27000000000000000000 9e+18
DataFusion 8553255926290448384 9e+18
DataFusion, running -446744073709551616
PyArrow 8553255926290448384 9e+18
Polars 8553255926290448384 9e+18
pandas 8553255926290448384 9e+18
SQLite integer overflow" ]
echo "as described"
