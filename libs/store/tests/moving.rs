//! Rows of every kind go from SQLite to PostgreSQL, and what differs afterwards is found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::path::Path;

use kernel::Clock;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use store::moving::{self, Compared, Source, Table, Target};
use store::{Db, DbConfig, Migration};

/// `answer` refers to `question`, which comes after it by name.
const TABLES: Migration = Migration {
    name: "kinds_0001",
    sql: "
CREATE TABLE question (tenant_id {uuid} NOT NULL, code TEXT NOT NULL, PRIMARY KEY (tenant_id, code)) {clustered};
CREATE TABLE answer (
    tenant_id {uuid} NOT NULL, number INT NOT NULL, code TEXT NOT NULL, words TEXT, raw {bytes}, done BOOLEAN, big BIGINT,
    other_id {uuid}, PRIMARY KEY (tenant_id, number), FOREIGN KEY (tenant_id, code) REFERENCES question (tenant_id, code));
{refuse answer DELETE}",
};

const ROWS: &str = "
INSERT INTO question VALUES (x'00000000000000000000000000000001', 'a'), (x'ff000000000000000000000000000001', 'é''\"\\');
INSERT INTO answer VALUES
(x'00000000000000000000000000000001', -5, 'a', char(9, 10, 13, 92) || 'N', x'', 0, -9223372036854775808, NULL),
(x'00000000000000000000000000000001', 7, 'a', '', x'00ff5c0a', 1, 9223372036854775807, x'0123456789abcdef0123456789abcdef'),
(x'ff000000000000000000000000000001', 0, 'é''\"\\', '会员\\N', NULL, NULL, NULL, NULL),
(x'ff000000000000000000000000000001', 1, 'é''\"\\', NULL, x'5c', 1, 0, NULL);
INSERT INTO outbox SELECT randomblob(16), 1, x'00000000000000000000000000000001', 'k', 's', x'01', 5, '';
INSERT INTO consumer VALUES ('a.b', 'c', 41);
UPDATE heartbeat SET seen_time = 77";

struct Sides {
    folder: tempfile::TempDir,
    url: String,
    schema: String,
    target: Target,
    tables: Vec<Table>,
    behind: DatabaseConnection,
}

impl Sides {
    async fn new() -> Self {
        let server = testkit::server().expect("a server of PostgreSQL");
        let schema = format!("t_{}", Clock::system().uuid().simple());
        let name = format!("moving_{}", Clock::system().uuid().simple());
        let admin = Database::connect(&server).await.unwrap();
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("kinds.db").display());
        for url in [&file, &url] {
            Db::migrate(&DbConfig::new(url.clone()), &schema, vec![TABLES], &|_| {})
                .await
                .unwrap();
        }
        let behind = Database::connect(&file).await.unwrap();
        behind.execute_unprepared(ROWS).await.unwrap();
        let mut target = Target::open(&url).await.unwrap();
        let tables = target.tables(&schema).await.unwrap();
        Self {
            folder,
            url,
            schema,
            target,
            tables,
            behind,
        }
    }

    async fn source(&self) -> Source {
        Source::open(&self.schema, &Path::new(self.folder.path()).join("kinds.db"))
            .await
            .unwrap()
    }

    async fn copy(&mut self) -> Result<u64, String> {
        let (mut source, mut rows) = (self.source().await, 0);
        for table in &self.tables {
            let copied = moving::copy(&mut source, &mut self.target, table, &mut |more| rows += more).await;
            copied.map_err(|fault| fault.to_string())?;
        }
        Ok(rows)
    }

    async fn differences(&mut self) -> Vec<String> {
        let (mut source, mut told) = (self.source().await, Vec::new());
        for table in &self.tables {
            let compared: Compared = moving::compare(&mut source, &mut self.target, table).await.unwrap();
            assert_eq!(
                compared.are_equal(),
                compared.source.checksum == compared.target.checksum
            );
            told.extend(
                compared
                    .difference
                    .map(|difference| format!("{}: {difference}", table.name())),
            );
        }
        told
    }

    /// Changes what has arrived, as nobody should.
    async fn tamper(&self, sql: &str) {
        let there = Database::connect(&self.url).await.unwrap();
        let path = format!("SET search_path = {}; {sql}", self.schema);
        there.execute_unprepared(&path).await.unwrap();
        there.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn rows_of_every_kind_arrive_once_and_the_first_that_differs_is_named() {
    let mut sides = Sides::new().await;
    let names: Vec<&str> = sides.tables.iter().map(Table::name).collect();
    let place = |name| names.iter().position(|other| *other == name).unwrap();
    assert!(place("question") < place("answer"), "{names:?}");
    sides.source().await.check_tables(&sides.tables).await.unwrap();
    for table in &sides.tables {
        assert!(!sides.target.holds_rows(table).await.unwrap(), "{}", table.name());
    }

    let id = Clock::system().uuid();
    let tables = sides.tables.clone();
    sides.target.begin(&tables, id).await.unwrap();
    assert_eq!(sides.target.begun(&sides.schema).await.unwrap(), Some(id));
    let config = DbConfig::new(sides.url.clone());
    let refused = Db::open(&config, &sides.schema, vec![TABLES])
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("is being filled by `quanyu move`"), "{refused}");

    // Four answers, two questions, a fact, its position behind the first one, a consumer, a heartbeat.
    assert_eq!(sides.copy().await, Ok(11));
    assert_eq!(sides.differences().await, Vec::<String>::new());
    assert_eq!(sides.copy().await, Ok(0), "nothing comes twice");
    // As a move that was cut off leaves it: the last rows are missing.
    sides.tamper("ALTER TABLE answer DISABLE TRIGGER USER; DELETE FROM answer WHERE number <> -5; ALTER TABLE answer ENABLE TRIGGER USER").await;
    let found = sides.differences().await;
    assert_eq!(
        found,
        ["answer: the row of tenant_id 00000000-0000-0000-0000-000000000001, number 7 is missing in PostgreSQL"]
    );
    assert_eq!(sides.copy().await, Ok(3));
    assert_eq!(sides.differences().await, Vec::<String>::new());

    sides
        .tamper("UPDATE fact_position SET kind = 'x' WHERE position = 1")
        .await;
    assert_eq!(
        sides.differences().await,
        ["fact_position: the row of position 1 differs in kind"]
    );
    sides
        .tamper(
            "UPDATE fact_position SET kind = 'k' WHERE position = 1; UPDATE answer SET words = '', done = FALSE WHERE words IS NULL",
        )
        .await;
    assert_eq!(
        sides.differences().await,
        ["answer: the row of tenant_id ff000000-0000-0000-0000-000000000001, number 1 differs in words, done"]
    );
    sides
        .tamper(
            "UPDATE answer SET words = NULL, done = TRUE WHERE number = 1; INSERT INTO consumer VALUES ('a', 'c', 0)",
        )
        .await;
    assert_eq!(
        sides.differences().await,
        ["consumer: the row of name \"a\" is in PostgreSQL alone"]
    );
    sides.tamper("DELETE FROM consumer WHERE name = 'a'").await;

    sides.target.end(&tables, id).await.unwrap();
    assert_eq!(sides.target.begun(&sides.schema).await.unwrap(), None);
    Db::open(&config, &sides.schema, vec![TABLES])
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn what_postgresql_could_not_hold_is_named_and_not_turned_into_something_else() {
    let mut sides = Sides::new().await;
    let tables = sides.tables.clone();
    sides.target.begin(&tables, Clock::system().uuid()).await.unwrap();
    for (wrong, right, told) in [
        ("words = 'a' || char(0)", "words = 'a'", "it holds U+0000"),
        ("other_id = x'01'", "other_id = NULL", "invalid length"),
        ("done = 2", "done = 1", "2 is no truth value"),
        ("big = 1.5", "big = 1", "of the type REAL"),
        ("words = CAST(x'ff' AS TEXT)", "words = 'b'", "utf-8"),
        ("number = 3000000000", "number = 9", "out of range"),
    ] {
        let set = |what: &str| format!("UPDATE answer SET {what} WHERE big = 9223372036854775807 OR number > 6");
        sides.behind.execute_unprepared(&set(wrong)).await.unwrap();
        let refused = sides.copy().await.unwrap_err();
        assert!(refused.contains(told), "{wrong}: {refused}");
        sides.behind.execute_unprepared(&set(right)).await.unwrap();
    }
    sides.copy().await.unwrap();
    assert_eq!(sides.differences().await, Vec::<String>::new());
}
