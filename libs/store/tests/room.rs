//! A PostgreSQL that has no room for more, though it takes what needs none: it stays told as full.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use fault::{Common, Fault, TroubleKind};
use kernel::Clock;
use sea_orm::ConnectionTrait;
use store::{Db, DbConfig, Migration};

const TABLES: Migration = Migration {
    name: "stock_0001",
    sql: "CREATE TABLE stock (number BIGINT NOT NULL PRIMARY KEY);",
};
/// Longer than it takes to try whether there is room, several times.
const SEVERAL_TRIES: Duration = Duration::from_millis(3_500);

/// Opens a database whose sessions may take some room on the disk, in KiB, beside their tables: what is beyond is told as a full
/// disk is.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where PostgreSQL is"
)]
async fn with_room(kib: u32) -> Db {
    let url = std::env::var("QUANYU_TEST_DATABASE_URL").expect("QUANYU_TEST_DATABASE_URL names a server");
    let schema = format!("t_{}", Clock::system().uuid().simple());
    let config = DbConfig::new(format!("{url}?options[temp_file_limit]={kib}"));
    Db::open(&config, &schema, vec![TABLES]).await.unwrap()
}

async fn change(db: &Db, sql: &str) -> Result<(), Fault> {
    let tx = db.begin().await?;
    tx.execute_unprepared(sql).await?;
    tx.commit().await
}

fn is_full(outcome: &Result<(), Fault>) -> bool {
    matches!(
        outcome,
        Err(Fault::Unavailable {
            reason: Common::StorageFull,
            ..
        })
    )
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_disk_stays_full_until_new_pages_can_be_written_whatever_else_can() {
    let db = with_room(100).await;
    let in_place = "UPDATE outbox_head SET last_position = last_position WHERE lock = 0";
    change(&db, in_place).await.unwrap();
    let tried = db.try_to_write().await;
    assert!(is_full(&tried), "a transaction that writes is told: {tried:?}");
    change(&db, in_place).await.expect("what needs no page goes on");
    assert!(is_full(&db.check().await), "and says nothing of the others");
    kernel::pause(SEVERAL_TRIES).await;
    change(&db, in_place).await.unwrap();
    assert!(is_full(&db.check().await), "nor does who tries in the background");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_disk_with_room_takes_writes_and_is_seen_to_have_it_again() {
    let db = with_room(10_000).await;
    db.try_to_write().await.unwrap();
    let sorts = "SET LOCAL work_mem = '64kB'; SELECT COUNT(*) FROM (SELECT repeat('x', 1000) || n AS line \
                 FROM generate_series(1, 50000) AS n ORDER BY line OFFSET 0) AS much";
    let met = change(&db, sorts).await;
    assert!(is_full(&met), "{met:?}");
    assert_eq!(db.trouble().map(|trouble| trouble.kind), Some(TroubleKind::Full));
    kernel::pause(SEVERAL_TRIES).await;
    db.check().await.expect("it is seen without anybody's request");
}
