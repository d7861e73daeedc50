//! Positions beside an outbox that is never updated. Rows are only inserted, here as there.
//!
//! What became visible since the last pass is the difference of two snapshots. A pass leaves its own in the last row that it
//! writes; the next one looks, by an index, for the facts of the transactions that this snapshot names as running and of those
//! that came after it. So a transaction that lasts for hours holds nobody up, is looked at once when it has ended, and makes
//! no pass read what an earlier one has read. <https://www.postgresql.org/docs/current/functions-info.html>, `pg_snapshot`.
//!
//! A snapshot means something in the cluster of servers that made it. Rows that were brought into another one, by `pg_dump` or
//! by logical replication, were written there by another transaction than they say: then all facts without a position are
//! looked for once, whatever the numbers of their transactions, and the snapshots begin anew. A fact that has a position is
//! never found again, so that old numbers that come again do no harm.

use fault::Fault;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::{Db, Tx, statement};

/// How many facts get their position in one transaction.
const SEQUENCED_MAX: i64 = 20_000;
/// How many transactions may pass without a fact until the snapshot is renewed all the same: what it leaves to be looked
/// through is bounded.
const TRANSACTIONS_MAX: i64 = 10_000;

/// The head is locked, so that only one sequencer gives positions at a time. A lock leaves nothing to be swept.
const LOCK: &str = "SELECT 1 FROM outbox_head WHERE lock = 0 FOR UPDATE";

/// The last row, whether it was written where it is, by the transaction that it names, and how many transactions ago.
macro_rules! last {
    () => {
        "last AS (SELECT l.position, l.snapshot, l.passed >= 0 AND l.xmin = l.xact_id::xid AS is_own, l.passed \
         FROM (SELECT position, snapshot, xact_id, xmin, pg_snapshot_xmax(pg_current_snapshot())::text::bigint \
                 - pg_snapshot_xmax(snapshot)::text::bigint AS passed \
             FROM fact_position ORDER BY position DESC LIMIT 1) AS l)"
    };
}

/// The facts that can be seen now, could not be seen then, and have no position. Each step is one by an index, whatever the
/// planner thinks of the tables: an offset of nothing keeps it from turning them around.
macro_rules! waiting {
    () => {
        "found AS (\
             SELECT o.fact_id, o.kind FROM last CROSS JOIN LATERAL (\
                 SELECT fact_id, kind FROM outbox WHERE xact_id >= pg_snapshot_xmax(last.snapshot) \
                 AND xact_id < pg_snapshot_xmax(pg_current_snapshot()) OFFSET 0) AS o \
             UNION ALL \
             SELECT o.fact_id, o.kind FROM last CROSS JOIN LATERAL (\
                 SELECT xact_id FROM pg_snapshot_xip(last.snapshot) AS running(xact_id) \
                 WHERE pg_visible_in_snapshot(xact_id, pg_current_snapshot()) OFFSET 0) AS ended \
             CROSS JOIN LATERAL (SELECT fact_id, kind FROM outbox WHERE xact_id = ended.xact_id OFFSET 0) AS o), \
         waiting AS (SELECT fact_id, kind FROM found \
             WHERE (SELECT p.position FROM fact_position AS p WHERE p.fact_id = found.fact_id) IS NULL)"
    };
}

/// Whether there may be anything to do, without a lock.
const LOOK: &str = concat!(
    "WITH ",
    last!(),
    ", ",
    waiting!(),
    " SELECT CASE WHEN is_own AND passed <= $1 THEN EXISTS (SELECT FROM waiting) ELSE TRUE END FROM last"
);

/// After the lock, so that it sees what the last sequencer wrote.
const LAST: &str = concat!(
    "WITH ",
    last!(),
    " SELECT COALESCE(is_own, FALSE), COALESCE(passed, 0), pg_current_snapshot()::text FROM last"
);

/// Gives positions in the order of the facts' ids: within a subject that is the order in which they happened. The snapshot
/// stands in the last row; where more wait than may be numbered, it is still the one before.
const SEQUENCE: &str = concat!(
    "WITH ",
    last!(),
    ", ",
    waiting!(),
    ", next AS (SELECT fact_id, kind, row_number() OVER (ORDER BY fact_id) AS number, COUNT(*) OVER () AS count \
         FROM (SELECT fact_id, kind FROM waiting ORDER BY fact_id LIMIT $1) AS first) \
     INSERT INTO fact_position (position, fact_id, kind, snapshot, xact_id) \
     SELECT last.position + number, fact_id, kind, \
         CASE WHEN number < count THEN NULL WHEN count < $1 THEN pg_current_snapshot() ELSE last.snapshot END, \
         CASE WHEN number = count THEN pg_current_xact_id() END \
     FROM last CROSS JOIN next"
);

/// The same for all facts without a position, wherever their transactions ran.
const SEQUENCE_ALL: &str = "INSERT INTO fact_position (position, fact_id, kind) \
     SELECT (SELECT MAX(position) FROM fact_position) + row_number() OVER (ORDER BY o.fact_id), o.fact_id, o.kind \
     FROM outbox AS o WHERE NOT EXISTS (SELECT FROM fact_position AS p WHERE p.fact_id = o.fact_id)";
/// All tables are read to their end.
const TAKE_TIME: &str = "SET LOCAL statement_timeout = 0";
const READ_ALL: &str = "SET LOCAL enable_seqscan = on";

/// Leaves a snapshot, of which every fact has its position, in the last row.
pub(super) const LEAVE: &str = "UPDATE fact_position SET snapshot = $1::text::pg_snapshot, xact_id = pg_current_xact_id() \
     WHERE position = (SELECT MAX(position) FROM fact_position)";

/// What the sequencer before has left.
struct Last {
    /// Whether its snapshot is one of this cluster.
    is_own: bool,
    /// How many transactions have begun since.
    passed: i64,
    /// A snapshot of now.
    snapshot: String,
}

impl Last {
    fn read(row: Option<QueryResult>) -> Result<Self, Fault> {
        let row = row.ok_or_else(no_row)?;
        Ok(Self {
            is_own: row.try_get_by_index(0)?,
            passed: row.try_get_by_index(1)?,
            snapshot: row.try_get_by_index(2)?,
        })
    }
}

fn no_row() -> Fault {
    Fault::internal("the row of the position 0, from which all others are counted, is missing")
}

impl Db {
    pub(super) async fn sequence_beside(&self) -> Result<u64, Fault> {
        // Most of the time nothing waits; then nothing is locked.
        let look = statement(self.read(), LOOK, [TRANSACTIONS_MAX.into()]);
        let look = self.read().query_one_raw(look).await?.ok_or_else(no_row)?;
        if look.try_get_by_index(0)? {
            let tx = self.begin().await?;
            let given = sequence(&tx).await?;
            tx.commit().await?;
            return Ok(given);
        }
        Ok(0)
    }
}

async fn sequence(tx: &Tx) -> Result<u64, Fault> {
    let head = tx.query_one_raw(statement(&**tx, LOCK, [])).await?;
    head.ok_or_else(|| Fault::internal("the outbox has no head"))?;
    let last = Last::read(tx.query_one_raw(statement(&**tx, LAST, [])).await?)?;
    if !last.is_own {
        tracing::warn!("positions were brought here from another server: all facts without one are looked for, once");
        tx.execute_unprepared(TAKE_TIME).await?;
        tx.execute_unprepared(READ_ALL).await?;
        let given = tx.execute_raw(statement(&**tx, SEQUENCE_ALL, [])).await?;
        leave(tx, &last.snapshot).await?;
        return Ok(given.rows_affected());
    }
    if last.passed > TRANSACTIONS_MAX {
        tx.execute_unprepared(TAKE_TIME).await?;
    }
    let given = tx
        .execute_raw(statement(&**tx, SEQUENCE, [SEQUENCED_MAX.into()]))
        .await?;
    if given.rows_affected() == 0 && last.passed > TRANSACTIONS_MAX {
        // Taken before it was looked for facts: there are none in it that wait.
        leave(tx, &last.snapshot).await?;
    }
    Ok(given.rows_affected())
}

async fn leave(tx: &Tx, snapshot: &str) -> Result<(), Fault> {
    tx.execute_raw(statement(&**tx, LEAVE, [snapshot.into()])).await?;
    Ok(())
}
