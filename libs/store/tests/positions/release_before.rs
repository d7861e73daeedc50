//! What the release before did about positions, by its own statements.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use store::{Db, statement};

/// Brings tables back to what the release before had made of them.
pub(crate) const TABLES: &str = "
DROP INDEX outbox_xact;
ALTER TABLE outbox DROP COLUMN xact_id;
ALTER TABLE outbox ADD COLUMN position BIGINT;
CREATE UNIQUE INDEX outbox_position ON outbox (position);
CREATE INDEX outbox_waiting ON outbox (fact_id) WHERE position IS NULL;
ALTER TABLE outbox_head DROP COLUMN positions_beside;
DROP TABLE fact_position;
DELETE FROM seaql_migrations WHERE version = 'base_0006_positions_beside'";

const WAITING: &str = "SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1";
const LOCK_HEAD: &str = "SELECT last_position FROM outbox_head WHERE lock = 0 FOR UPDATE";
const SEQUENCE: &str = "UPDATE outbox SET position = next.position FROM (\
     SELECT fact_id, $1 + row_number() OVER (ORDER BY fact_id) AS position \
     FROM (SELECT fact_id FROM outbox WHERE position IS NULL ORDER BY fact_id LIMIT $2) AS waiting) AS next \
     WHERE outbox.fact_id = next.fact_id";
const MOVE_HEAD: &str = "UPDATE outbox_head SET last_position = $1 WHERE lock = 0";

/// Gives positions as it did.
pub(crate) async fn sequence(db: &Db) -> Result<u64, DbErr> {
    let waiting = statement(db.read(), WAITING, []);
    if db.read().query_one_raw(waiting).await?.is_none() {
        return Ok(0);
    }
    let tx = db.begin().await.unwrap();
    let head = tx.query_one_raw(statement(&*tx, LOCK_HEAD, [])).await?.unwrap();
    let head: i64 = head.try_get_by_index(0)?;
    let given = tx.execute_raw(statement(&*tx, SEQUENCE, [head.into(), 2_000_i64.into()]));
    let given = given.await?.rows_affected();
    let last = head + i64::try_from(given).unwrap();
    tx.execute_raw(statement(&*tx, MOVE_HEAD, [last.into()])).await?;
    tx.commit().await.unwrap();
    Ok(given)
}

/// Gives positions until that is refused, and answers how many times it gave some.
pub(crate) async fn sequence_until_refused(db: &Db, is_over: &AtomicBool) -> usize {
    let mut passes = 0;
    while !is_over.load(Ordering::Acquire) {
        match sequence(db).await {
            Ok(given) => passes += usize::from(given > 0),
            Err(error) => {
                let told = error.to_string();
                assert!(told.contains("\"position\" does not exist"), "{told}");
                return passes;
            }
        }
    }
    passes
}
