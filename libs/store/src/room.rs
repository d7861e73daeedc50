//! Whether there is room on a disk. Only what needs new pages tells: a row that is changed in its place, a log whose file is
//! used again, are written to a full disk, too, and the next request that adds something is refused all the same.
//!
//! While the disk is full somebody has to try: who is told that there is none may send nothing for a long while.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};

use crate::health::Health;

/// How often to try.
const TRY_EVERY: Duration = Duration::from_secs(1);

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

/// Tries to write while the disk is full, until the last handle on the database has gone.
pub(crate) fn start(health: &Arc<Health>, writer: DatabaseConnection) {
    let (mut full, health) = (health.fullness(), Arc::downgrade(health));
    tokio::spawn(async move {
        while full.wait_for(|is_full| *is_full).await.is_ok() {
            kernel::pause(TRY_EVERY).await;
            try_to_write(&health, &writer).await;
        }
    });
}

async fn try_to_write(health: &Weak<Health>, writer: &DatabaseConnection) {
    match write(writer).await {
        Ok(()) => {
            if let Some(health) = health.upgrade() {
                health.has_room();
            }
        }
        Err(error) => tracing::debug!(%error, "there is no room yet"),
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
