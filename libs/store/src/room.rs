//! Whether there is room on a disk. Only what needs new pages tells: a row that is changed in its place, a log whose file is
//! used again, are written to a full disk, too, and the next request that adds something is refused all the same.
//!
//! While the disk is full somebody has to try: who is told that there is none may send nothing for a long while. PostgreSQL is
//! tried now and then before that, too, so that a platform where nobody writes by night is told before its first caller is;
//! of a SQLite file the first refused statement tells, for a try would write a megabyte to the disk of each service.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::health::Health;

/// How often to try.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// How often to try PostgreSQL while nothing is known to be wrong.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Takes a megabyte on the disk of the tables by a sort that does not fit into memory: its file is gone with the statement,
/// leaves nothing for the vacuum, and asks for no right. Then something for the log, which is written when it is committed,
/// and has perhaps a disk of its own.
const POSTGRES: &[&[&str]] = &[&[
    "SET LOCAL work_mem = '64kB'",
    // The disk of the database, wherever its operator keeps other temporary files.
    "SET LOCAL temp_tablespaces = ''",
    "SELECT COUNT(*) FROM (SELECT repeat('x', 1000) || n AS line FROM generate_series(1, 1000) AS n ORDER BY line OFFSET 0) AS room",
    "UPDATE outbox_head SET last_position = last_position WHERE lock = 0",
]];

/// Takes a megabyte, and gives it back to the file. What is taken back before it is committed never comes to the disk. The
/// row is nobody's request; what a crash leaves of it, the next try replaces.
const SQLITE: &[&[&str]] = &[
    &["INSERT INTO request (tenant_id, method, request_id, digest, answer) \
       VALUES (zeroblob(16), 'room', 'room', zeroblob(0), zeroblob(1000000)) \
       ON CONFLICT (tenant_id, method, request_id) DO UPDATE SET answer = excluded.answer"],
    &["DELETE FROM request WHERE tenant_id = zeroblob(16) AND method = 'room' AND request_id = 'room'"],
];

/// What it takes to know that there is room: transactions, each with its statements.
pub(crate) fn tries(backend: DbBackend) -> &'static [&'static [&'static str]] {
    match backend {
        DbBackend::Postgres => POSTGRES,
        _ => SQLITE,
    }
}

/// Tries to write while the disk is full, and PostgreSQL now and then, until the last handle on the database has gone.
pub(crate) fn start(health: &Arc<Health>, writer: DatabaseConnection) {
    let look_every = match writer.get_database_backend() {
        DbBackend::Postgres => LOOK_EVERY,
        _ => Duration::MAX,
    };
    tokio::spawn(keep_trying(
        health.fullness(),
        Arc::downgrade(health),
        writer,
        look_every,
    ));
}

async fn keep_trying(
    mut full: watch::Receiver<bool>,
    health: Weak<Health>,
    writer: DatabaseConnection,
    look_every: Duration,
) {
    loop {
        let becomes_full = full.wait_for(|is_full| *is_full);
        match timeout(look_every, becomes_full).await.map(|outcome| outcome.is_ok()) {
            Ok(true) => kernel::pause(TRY_EVERY).await,
            Ok(false) => return,
            Err(_) => {}
        }
        let outcome = write(&writer).await;
        // What was full when the last handle went is called full for ever.
        let Some(health) = health.upgrade() else { return };
        match outcome {
            Ok(()) => health.has_room(),
            Err(error) => {
                tracing::debug!(%error, "there is no room");
                health.told(error);
            }
        }
    }
}

async fn write(writer: &DatabaseConnection) -> Result<(), DbErr> {
    for statements in tries(writer.get_database_backend()) {
        let tx = writer.begin().await?;
        for sql in *statements {
            tx.execute_unprepared(sql).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use fault::TroubleKind;
    use sea_orm::Database;
    use sea_orm::sqlx::postgres::PgConnectOptions;

    use super::*;
    use crate::place::Place;

    #[tokio::test]
    #[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where PostgreSQL is"
    )]
    async fn a_disk_that_fills_up_while_nobody_writes_is_told_before_a_caller_meets_it() {
        let url = std::env::var("QUANYU_TEST_DATABASE_URL").expect("QUANYU_TEST_DATABASE_URL names a server");
        // What is beyond this room for temporary files is told as a full disk is.
        let url = format!("{url}?options[temp_file_limit]=100");
        let place = Place::server("stock", &PgConnectOptions::from_str(&url).unwrap());
        let (health, writer) = (
            Arc::new(Health::new(place, None)),
            Database::connect(url).await.unwrap(),
        );
        assert_eq!(health.trouble(), None);
        let trying = keep_trying(
            health.fullness(),
            Arc::downgrade(&health),
            writer,
            Duration::from_millis(20),
        );
        let trying = tokio::spawn(trying);
        let mut full = health.fullness();
        let told = timeout(Duration::from_secs(20), full.wait_for(|is_full| *is_full)).await;
        assert!(told.expect("it is told").is_ok());
        assert_eq!(health.trouble().unwrap().kind, TroubleKind::Full);
        drop(health);
        trying.await.unwrap();
    }
}
