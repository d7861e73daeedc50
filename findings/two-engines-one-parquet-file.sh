#!/usr/bin/env bash
# The same SQL over the same Parquet file: DuckDB and DataFusion differ in hours, in units and in what is unknown.
#
# A report that may be computed by either engine has to avoid these (DuckDB 2.0.1, DataFusion 55.0.0; both answer without
# an error):
#
#   expression                                       DuckDB                  DataFusion
#   TIMESTAMP '2026-11-11 00:00:00+08:00'            2026-11-11 00:00:00     2026-11-10 16:00:00
#   rows at or after that moment (of a Parquet file) 1                       2
#   CAST(amount AS BIGINT), DECIMAL 2.5              3 (half up)             2 (cut off)
#   CAST(amount AS BIGINT), DOUBLE 2.5 and 3.5       2 and 4 (half even)     2 and 3 (cut off)
#   corr(x, y) where y never varies                  NaN                     NULL
#   ORDER BY x DESC with an unknown x                last                    first
#
# DuckDB reads the wall clock of a TIMESTAMP literal and ignores its offset; DataFusion moves it to UTC. DuckDB rounds decimals
# and doubles by two different rules when they are cast. An average over such correlations is NaN in the one and skips the row in the other.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 pyarrow==26.0.1
cat >ask.py <<'PY'
import datetime, decimal
import datafusion, duckdb, pyarrow, pyarrow.parquet

pyarrow.parquet.write_table(
    pyarrow.table({
        "moment": pyarrow.array([datetime.datetime(2026, 11, 10, 18), datetime.datetime(2026, 11, 11, 9)], pyarrow.timestamp("us")),
        "price": pyarrow.array([decimal.Decimal("2.5"), decimal.Decimal("3.5")], pyarrow.decimal128(10, 1)),
        "score": pyarrow.array([2.5, 3.5], pyarrow.float64()),
        "x": pyarrow.array([1, None], pyarrow.int64()),
        "n": pyarrow.array([1, 2], pyarrow.int64()),
        "same": pyarrow.array([7, 7], pyarrow.int64()),
    }),
    "t.parquet",
)
context = datafusion.SessionContext()
context.register_parquet("t", "t.parquet")
duckdb.sql("CREATE VIEW t AS FROM 't.parquet'")
for query in (
    "SELECT TIMESTAMP '2026-11-11 00:00:00+08:00' a",
    "SELECT count(*) a FROM t WHERE moment >= TIMESTAMP '2026-11-11 00:00:00+08:00'",
    "SELECT CAST(price AS BIGINT) a FROM t ORDER BY n",
    "SELECT CAST(score AS BIGINT) a FROM t ORDER BY n",
    "SELECT corr(n, same) a FROM t",
    "SELECT x a FROM t ORDER BY x DESC",
):
    duck = [row[0] for row in duckdb.sql(query).fetchall()]
    fusion = [row["a"] for row in context.sql(query).to_pylist()]
    print(*map(str, duck), "|", *map(str, fusion))
PY
seen=$(venv/bin/python ask.py)
echo "$seen"
[ "$seen" = "2026-11-11 00:00:00 | 2026-11-10 16:00:00
1 | 2
3 4 | 2 3
2 4 | 2 3
nan | None
1 None | None 1" ]
echo "as described"
