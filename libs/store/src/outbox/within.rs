//! Positions in the rows of the outbox, as the release before gives them. Its replicas may do so beside us until
//! `quanyu migrate --finish`; a database that a release to come finds so has to be finished with this one.

use fault::Fault;
use sea_orm::ConnectionTrait;

use crate::{Db, statement};

/// The head is locked first, so that only one sequencer gives positions at a time; a fact's id orders what it finds.
const LOCK_HEAD: &str = "SELECT last_position, positions_beside FROM outbox_head WHERE lock = 0 FOR UPDATE";
const SEQUENCE: &str = "UPDATE outbox SET position = next.position FROM (\
     SELECT fact_id, $1 + row_number() OVER (ORDER BY fact_id) AS position \
     FROM (SELECT fact_id FROM outbox WHERE position IS NULL ORDER BY fact_id LIMIT $2) AS waiting) AS next \
     WHERE outbox.fact_id = next.fact_id";
const MOVE_HEAD: &str = "UPDATE outbox_head SET last_position = $1 WHERE lock = 0";
/// How many facts get their position in one transaction.
const SEQUENCED_MAX: i64 = 2_000;

impl Db {
    pub(super) async fn sequence_within(&self) -> Result<u64, Fault> {
        // Most of the time nothing waits; then nothing is locked.
        let waiting = statement(self.read(), "SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1", []);
        if self.read().query_one_raw(waiting).await?.is_none() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let head = tx.query_one_raw(statement(&*tx, LOCK_HEAD, [])).await?;
        let head = head.ok_or_else(|| Fault::internal("the outbox has no head"))?;
        let (last, are_beside): (i64, bool) = (head.try_get_by_index(0)?, head.try_get_by_index(1)?);
        if are_beside {
            return Err(Fault::Contended);
        }
        let given = tx
            .execute_raw(statement(&*tx, SEQUENCE, [last.into(), SEQUENCED_MAX.into()]))
            .await?
            .rows_affected();
        let last = last.saturating_add(i64::try_from(given).map_err(Fault::internal)?);
        tx.execute_raw(statement(&*tx, MOVE_HEAD, [last.into()])).await?;
        tx.commit().await?;
        Ok(given)
    }
}
