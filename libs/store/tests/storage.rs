//! A file of SQLite that has no room, is damaged, or is another service's: which one, and what to do, and nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fault::{Common, Fault, TroubleKind};
use sea_orm::ConnectionTrait;
use store::{Db, DbConfig, Migration, statement};
use tempfile::TempDir;

const TABLES: Migration = Migration {
    name: "stock_0001",
    sql: "CREATE TABLE stock (number BIGINT NOT NULL PRIMARY KEY, content {bytes} NOT NULL);",
};
const OTHER_TABLES: Migration = Migration {
    name: "till_0001",
    sql: "CREATE TABLE till (number BIGINT NOT NULL PRIMARY KEY);",
};
const NEWER_TABLES: Migration = Migration {
    name: "stock_0002",
    sql: "CREATE TABLE shelf (number BIGINT NOT NULL PRIMARY KEY);",
};
const PARTED_TABLES: Migration = Migration {
    name: "stock_0003",
    sql: "CREATE TABLE box (number BIGINT NOT NULL PRIMARY KEY);",
};
const TRIES_MAX: usize = 400;

struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("stock.db")
    }

    async fn open(&self) -> Result<Db, Fault> {
        open(&self.path(), "stock", vec![TABLES]).await
    }

    /// The words with which it is not opened.
    async fn refusal(&self) -> String {
        let told = self.open().await.expect_err("it is not opened").to_string();
        assert!(told.contains(&self.path().display().to_string()), "which file: {told}");
        told
    }

    /// Some hundred pages, all of them in the file.
    async fn filled(&self) {
        let db = self.open().await.unwrap();
        for number in 0..20 {
            put(&db, number).await.unwrap();
        }
        db.close().await.unwrap();
    }

    fn overwrite(&self, position: u64, bytes: &[u8]) {
        let mut file = OpenOptions::new().write(true).open(self.path()).unwrap();
        file.seek(SeekFrom::Start(position)).unwrap();
        file.write_all(bytes).unwrap();
    }
}

async fn open(path: &Path, service: &str, migrations: Vec<Migration>) -> Result<Db, Fault> {
    Db::open(
        &DbConfig::new(format!("sqlite:{}", path.display())),
        service,
        migrations,
    )
    .await
}

async fn put(db: &Db, number: i64) -> Result<(), Fault> {
    let tx = db.begin().await?;
    let row = [number.into(), vec![7_u8; 20_000].into()];
    tx.execute_raw(statement(
        &*tx,
        "INSERT INTO stock (number, content) VALUES ($1, $2)",
        row,
    ))
    .await?;
    tx.commit().await
}

async fn sum(db: &Db) -> Result<i64, Fault> {
    let row = db
        .read()
        .query_one_raw(statement(db.read(), "SELECT SUM(length(content)) FROM stock", []))
        .await?;
    Ok(row.unwrap().try_get_by_index(0)?)
}

fn reason(fault: &Fault) -> Common {
    match fault {
        Fault::Unavailable { reason, .. } => *reason,
        other => panic!("{other:?} is no trouble with the database"),
    }
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_loses_nothing_and_is_over_when_there_is_room() {
    let file = File::new();
    let db = file.open().await.unwrap();
    put(&db, 0).await.unwrap();
    // The connection that writes gets no page more than there are; the one that replaces it does.
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    drop(tx);
    let mut written: i64 = 1;
    let fault = loop {
        match put(&db, written).await {
            Ok(()) => written += 1,
            Err(fault) => break fault,
        }
    };
    assert_eq!(reason(&fault), Common::StorageFull, "{fault}");
    assert!(fault.to_string().contains("stock.db"), "{fault}");
    assert_eq!(
        db.check().await.map_err(|fault| reason(&fault)),
        Err(Common::StorageFull)
    );
    assert_eq!(sum(&db).await.unwrap(), written * 20_000, "reading goes on");

    for _ in 0..TRIES_MAX {
        if db.trouble().is_none() {
            break;
        }
        kernel::pause(Duration::from_millis(25)).await;
    }
    db.check()
        .await
        .expect("it is seen without anybody's request that there is room");
    // What is taken back leaves nothing open either.
    drop(db.begin().await.unwrap());
    put(&db, written).await.unwrap();
    db.close().await.unwrap();
    let db = file.open().await.unwrap();
    assert_eq!(sum(&db).await.unwrap(), (written + 1) * 20_000);
}

#[tokio::test]
async fn who_tries_whether_a_disk_has_room_asks_for_new_pages() {
    let file = File::new();
    let db = file.open().await.unwrap();
    put(&db, 0).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    tx.execute_unprepared("UPDATE stock SET number = number WHERE number = 0")
        .await
        .unwrap();
    tx.commit()
        .await
        .expect("a row that is changed in its place needs no room");
    let tried = db.try_to_write().await.map_err(|fault| reason(&fault));
    assert_eq!(tried, Err(Common::StorageFull));
}

#[tokio::test]
async fn who_tries_whether_a_disk_has_room_leaves_nothing_behind() {
    let file = File::new();
    let db = file.open().await.unwrap();
    for _ in 0..3 {
        db.try_to_write().await.unwrap();
    }
    let count = statement(db.read(), "SELECT COUNT(*) FROM request", []);
    let row = db.read().query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0);
    db.close().await.unwrap();
    let bytes = fs::metadata(file.path()).unwrap().len();
    assert!(bytes < 2_000_000, "the room is used again: {bytes}");
}

#[tokio::test]
async fn a_transaction_that_met_a_full_disk_does_nothing_more() {
    let file = File::new();
    let db = file.open().await.unwrap();
    put(&db, 0).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let fills = "INSERT INTO stock (number, content) VALUES (1, zeroblob(1000000))";
    assert!(tx.execute_unprepared(fills).await.is_err());
    // It has been undone, so this would be done by itself.
    let fits = "UPDATE stock SET content = zeroblob(1) WHERE number = 0";
    assert!(tx.execute_unprepared(fits).await.is_err());
    assert_eq!(
        tx.commit().await.map_err(|fault| reason(&fault)),
        Err(Common::StorageFull)
    );
    assert_eq!(sum(&db).await.unwrap(), 20_000);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let file = File::new();
    fs::write(file.path(), "Dear diary, ".repeat(1_000)).unwrap();
    let told = file.refusal().await;
    assert!(
        told.contains("damaged") && told.contains("restore it from a backup"),
        "{told}"
    );
}

#[tokio::test]
async fn a_truncated_file_is_named() {
    let file = File::new();
    file.filled().await;
    let whole = fs::metadata(file.path()).unwrap().len();
    let half = OpenOptions::new().write(true).open(file.path()).unwrap();
    half.set_len(whole / 2 / 4_096 * 4_096).unwrap();
    let told = file.refusal().await;
    assert!(
        told.contains("damaged") && told.contains("restore it from a backup"),
        "{told}"
    );
}

#[tokio::test]
async fn a_damaged_page_is_told_while_serving_and_stays_told() {
    let file = File::new();
    file.filled().await;
    let whole = fs::metadata(file.path()).unwrap().len();
    for page in whole / 4_096 / 4..whole / 4_096 {
        file.overwrite(page * 4_096, &[0xff; 4_096]);
    }
    let db = file.open().await.expect("its first pages are sound");
    let fault = sum(&db).await.expect_err("the pages cannot be read");
    assert_eq!(reason(&fault), Common::StorageDamaged, "{fault}");
    let told = fault.to_string();
    assert!(told.contains("stock.db") && told.contains("backup"), "{told}");
    assert_eq!(db.trouble().map(|trouble| trouble.kind), Some(TroubleKind::Damaged));
    assert_eq!(
        db.check().await.map_err(|fault| reason(&fault)),
        Err(Common::StorageDamaged)
    );
}

#[tokio::test]
async fn another_services_file_and_a_newer_versions_file_are_told_apart() {
    let file = File::new();
    let other = open(&file.path(), "till", vec![OTHER_TABLES]).await.unwrap();
    other.close().await.unwrap();
    let told = file.refusal().await;
    assert!(told.contains("the tables of the service till"), "{told}");

    let file = File::new();
    let newer = open(&file.path(), "stock", vec![TABLES, NEWER_TABLES]).await.unwrap();
    newer.close().await.unwrap();
    // A migration is survived by the version before.
    let older = file.open().await.unwrap();
    older.close().await.unwrap();
    // None leaves off in the middle of its own and begins another one's.
    let parted = open(&file.path(), "stock", vec![NEWER_TABLES, PARTED_TABLES]).await;
    let told = parted.unwrap_err().to_string();
    assert!(
        told.contains("newer version") && told.contains("stock_0001") && told.contains("has not done stock_0003"),
        "{told}"
    );
}

#[tokio::test]
async fn a_log_of_another_database_is_told_or_passed_over() {
    let (ours, theirs) = (File::new(), File::new());
    ours.filled().await;
    let other = open(&theirs.path(), "till", vec![OTHER_TABLES]).await.unwrap();
    fs::copy(log_of(&theirs.path()), log_of(&ours.path())).unwrap();
    other.close().await.unwrap();
    // SQLite reads a log that stands beside a file, even one that another database wrote.
    match ours.open().await {
        Ok(db) => assert_eq!(sum(&db).await.unwrap(), 20 * 20_000),
        Err(fault) => assert!(fault.to_string().contains("stock.db"), "{fault}"),
    }
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}
