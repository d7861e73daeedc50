#!/usr/bin/env bash
# A member whose score is NaN is in the segment of a table and not in that of its Parquet file, until a better one joins.
#
# A score of 0/0 is NaN. DuckDB 2.0.1, DataFusion 55.0.0 and Polars 2.1.0 hold it for greater than any number, as PostgreSQL does,
# and PyArrow 26.0.1 at least for not smaller. Three members with 0.2, 0.5 and NaN; "not at most 0.9", and "above 0.9", asked of
# the file that PyArrow wrote (Polars' is alike) and of the same rows read into memory or a table first:
#
#                NOT score <= 0.9                          score > 0.9
#                in memory   file    file with a 4th,      in memory   file
#                                    who has 0.95
#   DuckDB       3           none    3, 4                  3           none
#   DataFusion   3           none    3, 4                  3           none
#   PyArrow      3           none    3, 4                  none        none
#   Polars       3           3       3, 4                  3           3
#
# Writers leave NaN out of a column's least and greatest value, so 0.5 is the greatest of the first file, and three readers pass
# over all of its rows before they compare one; a single 0.95 makes them look. DuckDB leaves out both values of such a column in
# files of its own, so a test that writes and reads with DuckDB shows nothing. Store an unknown score as NULL, and ask isnan().
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat >segment.py <<'PY'
import datafusion, duckdb, polars, pyarrow, pyarrow.compute, pyarrow.parquet

rows = pyarrow.table({"member": [1, 2, 3, 4], "score": [0.2, 0.5, float("nan"), 0.95]})
three = rows.slice(0, 3)
pyarrow.parquet.write_table(three, "three.parquet")
polars.from_arrow(three).write_parquet("polars.parquet")
duckdb.sql("COPY three TO 'duckdb.parquet'")
pyarrow.parquet.write_table(rows, "four.parquet")
kept = duckdb.connect()
kept.sql("CREATE TABLE three AS FROM 'three.parquet'")
context = datafusion.SessionContext()
context.register_record_batches("three", [three.to_batches()])
for name in ("three", "four", "polars", "duckdb"):
    context.register_parquet(f"{name}_file", f"{name}.parquet")

def by_duckdb(condition, name, file):
    table = f"'{name}.parquet'" if file else name
    return [row[0] for row in kept.sql(f"SELECT member FROM {table} WHERE {condition} ORDER BY 1").fetchall()]

def by_datafusion(condition, name, file):
    table = f"{name}_file" if file else name
    return [row["member"] for row in context.sql(f"SELECT member FROM {table} WHERE {condition} ORDER BY 1").to_pylist()]

def by_pyarrow(condition, name, file):
    score = pyarrow.compute.field("score")
    condition = ~(score <= 0.9) if condition.startswith("NOT") else score > 0.9
    table = pyarrow.parquet.read_table(f"{name}.parquet", filters=condition) if file else three.filter(condition)
    return table["member"].to_pylist()

def by_polars(condition, name, file):
    score = polars.col("score")
    condition = ~(score <= 0.9) if condition.startswith("NOT") else score > 0.9
    table = polars.scan_parquet(f"{name}.parquet") if file else polars.from_arrow(three).lazy()
    return table.filter(condition).collect()["member"].to_list()

for engine in (by_duckdb, by_datafusion, by_pyarrow, by_polars):
    print(engine.__name__)
    for condition in ("NOT score <= 0.9", "score > 0.9"):
        print(f"  {condition}: memory {engine(condition, 'three', False)}",
              *(f"{name} {engine(condition, name, True)}" for name in ("three", "polars", "duckdb", "four")))
PY
seen=$(venv/bin/python segment.py)
echo "$seen"
[ "$seen" = "by_duckdb
  NOT score <= 0.9: memory [3] three [] polars [] duckdb [3] four [3, 4]
  score > 0.9: memory [3] three [] polars [] duckdb [3] four [3, 4]
by_datafusion
  NOT score <= 0.9: memory [3] three [] polars [] duckdb [3] four [3, 4]
  score > 0.9: memory [3] three [] polars [] duckdb [3] four [3, 4]
by_pyarrow
  NOT score <= 0.9: memory [3] three [] polars [] duckdb [3] four [3, 4]
  score > 0.9: memory [] three [] polars [] duckdb [] four [4]
by_polars
  NOT score <= 0.9: memory [3] three [3] polars [3] duckdb [3] four [3, 4]
  score > 0.9: memory [3] three [3] polars [3] duckdb [3] four [3, 4]" ]
echo "as described"
