//! Folds SQLite's log into its file beside the writer.
//!
//! Left alone, SQLite has the commit that finds the log full do it, and everybody who writes waits for thousands of pages. From
//! here most of them are folded by the time the log is full; what is left is the writer's, who alone can then begin the log
//! anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use crate::statement;

/// How often the log is looked at, while something is written.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Fewer pages than that are not worth the two syncs that they take.
const PAGES_MIN: i64 = 2_000;

/// Folds the log, by a connection of its own, until the database is closed or nobody has it any more.
pub(crate) fn start(connection: DatabaseConnection, commits: &Arc<AtomicU64>) {
    tokio::spawn(run(connection, Arc::downgrade(commits)));
}

async fn run(connection: DatabaseConnection, commits: Weak<AtomicU64>) {
    let mut seen: u64 = 0;
    loop {
        kernel::pause(LOOK_EVERY).await;
        let Some(commits) = commits.upgrade().map(|commits| commits.load(Ordering::Acquire)) else {
            return;
        };
        if commits == seen {
            continue;
        }
        seen = commits;
        if let Err(error) = fold(&connection).await {
            if connection.ping().await.is_err() {
                return;
            }
            // The writer folds what this one leaves.
            tracing::warn!(%error, "the log of a SQLite file could not be folded into it");
        }
    }
}

async fn fold(connection: &DatabaseConnection) -> Result<(), DbErr> {
    if unfolded(connection, "PRAGMA wal_checkpoint(NOOP)").await? >= PAGES_MIN {
        // It waits for nobody: what somebody still needs as it was is left for the next time.
        unfolded(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    }
    Ok(())
}

/// How many pages of the log are not in the file after this statement.
async fn unfolded(connection: &impl ConnectionTrait, checkpoint: &str) -> Result<i64, DbErr> {
    let row = connection.query_one_raw(statement(connection, checkpoint, [])).await?;
    let row = row.ok_or_else(|| DbErr::Custom("SQLite does not say how long its log is".to_owned()))?;
    let (pages, folded): (i64, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    Ok(pages.saturating_sub(folded))
}

#[cfg(test)]
mod tests {
    use kernel::pause;

    use super::*;
    use crate::{Db, DbConfig, Migration};

    const TABLE: Migration = Migration {
        name: "test_0001",
        sql: "CREATE TABLE test (content {bytes} NOT NULL)",
    };
    /// How often it is looked whether the log has been folded.
    const LOOKS_MAX: usize = 200;

    async fn unfolded_pages(db: &Db) -> i64 {
        unfolded(db.read(), "PRAGMA wal_checkpoint(NOOP)").await.unwrap()
    }

    #[tokio::test]
    async fn a_long_log_is_folded_although_the_writer_never_finds_it_full() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let config = DbConfig::new(format!("sqlite:{}", path.display()));
        let db = Db::open(&config, "test", vec![TABLE]).await.unwrap();
        let before = std::fs::metadata(&path).unwrap().len();
        for _ in 0..3 {
            let tx = db.begin().await.unwrap();
            tx.execute_unprepared("INSERT INTO test VALUES (zeroblob(4000000))")
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        for _ in 0..LOOKS_MAX {
            if unfolded_pages(&db).await < PAGES_MIN {
                assert!(
                    std::fs::metadata(&path).unwrap().len() > before,
                    "the file has what the log had"
                );
                db.close().await.unwrap();
                return;
            }
            pause(LOOK_EVERY / 10).await;
        }
        panic!("{} pages are left in the log", unfolded_pages(&db).await);
    }
}
