//! The order of texts in a PostgreSQL database that was made with a locale.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use kernel::Clock;
use sea_orm::{ConnectionTrait, Database};
use store::{Db, DbConfig, Migration, statement};

const TABLES: Migration = Migration {
    name: "collation_0001",
    sql: "CREATE TABLE word (tenant_id {uuid} NOT NULL, word TEXT NOT NULL, note VARCHAR(40), PRIMARY KEY (tenant_id, word));
          CREATE INDEX word_note ON word (note) WHERE note <> '';
          {refuse word UPDATE OF tenant_id, word}",
};

/// As bytes order them. By a locale of ICU `a_b` comes first, `B` after `b`, and `é` before `f`.
const WORDS: [&str; 7] = ["B", "a-b", "a_b", "ab", "b", "f", "é"];

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn texts_are_ordered_by_their_bytes_whatever_the_database_s_locale() {
    let server = testkit::server().expect("a server of PostgreSQL");
    let name = format!("icu_{}", Clock::system().uuid().simple());
    let admin = Database::connect(&server).await.unwrap();
    let make = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
    admin.execute_unprepared(&make).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let config = DbConfig {
        connections_max: 4,
        ..DbConfig::new(format!("{base}/{name}"))
    };
    // Twice, for a restart finds nothing left to do.
    for _ in 0..2 {
        let db = Db::open(&config, "words", vec![TABLES]).await.unwrap();
        let tx = db.begin().await.unwrap();
        for word in WORDS {
            let sql = "INSERT INTO word (tenant_id, word, note) VALUES ($1, $2, 'n') ON CONFLICT DO NOTHING";
            let values = [uuid::Uuid::nil().into(), word.into()];
            tx.execute_raw(statement(&*tx, sql, values)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let read = async |sql: &str| -> Vec<String> {
            let rows = db.read().query_all_raw(statement(db.read(), sql, [])).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
        };
        assert_eq!(read("SELECT word FROM word ORDER BY word").await, WORDS);
        // The next page begins where the order says.
        assert_eq!(
            read("SELECT word FROM word WHERE word > 'a_b' ORDER BY word").await,
            WORDS[3..]
        );
        let local = "SELECT a.attname::TEXT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                     JOIN pg_collation k ON k.oid = a.attcollation WHERE c.relkind = 'r' AND a.attnum > 0 \
                     AND c.relnamespace = 'words'::regnamespace AND k.collname = 'default'";
        assert!(read(local).await.is_empty(), "{:?}", read(local).await);
        db.close().await.unwrap();
    }
    admin
        .execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}
