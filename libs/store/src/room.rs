//! Whether there is room again on a disk that was full. Somebody has to try: who is told that there is none may send nothing
//! for a long while.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait};

use crate::health::Health;

/// How often to try.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Changes nothing, and is written to the disk all the same.
pub(crate) const WRITE: &str = "UPDATE outbox_head SET last_position = last_position WHERE lock = 0";

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
                health.has_written();
            }
        }
        Err(error) => tracing::debug!(%error, "there is no room yet"),
    }
}

async fn write(writer: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = writer.begin().await?;
    tx.execute_unprepared(WRITE).await?;
    tx.commit().await
}
