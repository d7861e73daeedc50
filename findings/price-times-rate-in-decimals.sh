#!/usr/bin/env bash
# Fifteen per cent off a thousand lines of 0.10, in decimals: 85.00 in three engines, 80.00 in the fourth.
#
# A price of DECIMAL(18, 2) times a rate of DECIMAL(4, 2) has four digits behind the point in SQL, and decimals are chosen so
# that nothing is lost on the way. One Arrow table, four engines (DuckDB 2.0.1, DataFusion 55.0.0, PyArrow 26.0.1, Polars 2.1.0):
#
#                                    DuckDB                  DataFusion   PyArrow    Polars
#   0.50 * 0.85                      0.4250                  0.4250       0.4250     0.42
#   sum of 1,000 times 0.10 * 0.85   85.0000                 85.0000      85.0000    80.00
#   0.50 / 3                         0.16666666666666666     0.166666     0.16666    0.17
#   mean of 0.10, 0.20 and 0.25      0.18333333333333335     0.183333     0.18       0.18333333333333332
#
# Polars keeps the larger scale of the two factors and rounds each product to it, half to even, without a word: the lines'
# cents are decided before the basket is added up. In divisions it rounds, two cut off, and DuckDB leaves decimals for a double;
# PyArrow's mean is cut to the column's scale while the others keep more. So the same report differs by engine, and only the
# sums of plain columns agree. Compute money in integers of minor units and name the rounding step, or cast to a wide scale first.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    datafusion==55.0.0 duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat >prices.py <<'PY'
from decimal import Decimal
import datafusion, duckdb, polars, pyarrow
import pyarrow.compute as compute

def table(prices):
    price = pyarrow.array(map(Decimal, prices), pyarrow.decimal128(18, 2))
    rate = pyarrow.array([Decimal("0.85")] * len(prices), pyarrow.decimal128(4, 2))
    three = pyarrow.array([Decimal("3.00")] * len(prices), pyarrow.decimal128(4, 2))
    return pyarrow.table({"price": price, "rate": rate, "three": three})

half, lines, mixed = table(["0.50"]), table(["0.10"] * 1000), table(["0.10", "0.20", "0.25"])
context = datafusion.SessionContext()
for name in ("half", "lines", "mixed"):
    context.from_arrow(globals()[name], name=name)
product, total, share, mean = [], [], [], []
for sql in (lambda query: duckdb.sql(query).fetchall()[0][0], lambda query: context.sql(query).to_pylist()[0]["v"]):
    product.append(sql("SELECT price * rate AS v FROM half"))
    total.append(sql("SELECT sum(price * rate) AS v FROM lines"))
    share.append(sql("SELECT price / three AS v FROM half"))
    mean.append(sql("SELECT avg(price) AS v FROM mixed"))
product.append(compute.multiply(half["price"], half["rate"])[0].as_py())
total.append(compute.sum(compute.multiply(lines["price"], lines["rate"])).as_py())
share.append(compute.divide(half["price"], half["three"])[0].as_py())
mean.append(compute.mean(mixed["price"]).as_py())
price, rate, three = map(polars.col, ("price", "rate", "three"))
product.append(polars.from_arrow(half).select(price * rate).item())
total.append(polars.from_arrow(lines).select((price * rate).sum()).item())
share.append(polars.from_arrow(half).select(price / three).item())
mean.append(polars.from_arrow(mixed).select(price.mean()).item())
for row in (product, total, share, mean):
    print(*row)
PY
seen=$(venv/bin/python prices.py)
echo "$seen"
[ "$seen" = "0.4250 0.4250 0.4250 0.42
85.0000 85.0000 85.0000 80.00
0.16666666666666666 0.166666 0.16666 0.17
0.18333333333333335 0.183333 0.18 0.18333333333333332" ]
echo "as described"
