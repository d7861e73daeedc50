#!/usr/bin/env bash
# The price that held when a line was sold: after a correction, DuckDB finds the wrong one and pandas the corrected one.
#
# An as-of join gives each sale the last price at or before it. The price list has 2.00 and, entered later for the same moment
# since the first was wrong, 3.00; and a price of 9.00 whose article is unknown. Sold are article a two days later, and a line
# without an article. Of DuckDB 2.0.1, Polars 2.1.0 and pandas 3.1.1:
#
#                                       article a    no article
#   DuckDB   ASOF LEFT JOIN             2            none
#   DuckDB   the list turned round      3            none
#   Polars   join_asof(by=)             3            none
#   pandas   merge_asof(by=)            3            9
#
# None says that two rows were equally late. The dataframes take the last one in the table's order; DuckDB takes the first
# it comes to, so the answer changes with the order in a table that has none (or a file that was rewritten). And in pandas an
# unknown article equals another unknown one, so a line that nobody could identify gets a price. Give each version a number
# that breaks ties, keep one row for a moment, and leave out rows without a key before the join.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >prices.py <<'PY'
from datetime import datetime
import duckdb, pandas, polars, pyarrow

def day(number):
    return datetime(2026, 11, number)

PRICES = {"article": ["a", "a", "a", None], "time": [day(1), day(10), day(10), day(11)], "price": [1, 2, 3, 9]}
SALES = {"article": ["a", None], "time": [day(12), day(12)]}

def duck(prices):
    connection = duckdb.connect(config={"threads": 1})
    connection.register("prices", prices)
    connection.register("sales", pyarrow.table(SALES))
    query = "SELECT price FROM sales ASOF LEFT JOIN prices ON sales.article = prices.article AND sales.time >= prices.time ORDER BY sales.article"
    return [row[0] for row in connection.sql(query).fetchall()]

def show(engine, prices):
    print(engine, *("none" if price is None or price != price else int(price) for price in prices))

prices = pyarrow.table(PRICES)
show("DuckDB", duck(prices))
show("DuckDB, turned round", duck(prices.take([3, 2, 1, 0])))
show("Polars", polars.DataFrame(SALES).join_asof(polars.DataFrame(PRICES), on="time", by="article", check_sortedness=False)["price"])
show("pandas", pandas.merge_asof(pandas.DataFrame(SALES), pandas.DataFrame(PRICES), on="time", by="article")["price"])
PY
seen=$(venv/bin/python prices.py)
echo "$seen"
[ "$seen" = "DuckDB 2 none
DuckDB, turned round 3 none
Polars 3 none
pandas 3 9" ]
echo "as described"
