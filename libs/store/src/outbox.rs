//! Facts wait here, in the transaction of their effect, until every consumer has applied them.

use fault::Fault;
use kernel::{Clock, Fact, Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Value};
use uuid::Uuid;

use crate::{Db, insert_rows, statement};

/// A fact that is about to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    tenant: Tenant,
    kind: &'static str,
    subject: String,
    payload: Vec<u8>,
    /// None: that of whoever writes it.
    traceparent: Option<String>,
}

impl Draft {
    /// A fact about a subject, usually a member id: the key within which order matters.
    pub fn new<F: Fact + Message>(tenant: Tenant, subject: impl Into<String>, fact: &F) -> Self {
        Self {
            tenant,
            kind: F::TYPE,
            subject: subject.into(),
            payload: fact.encode_to_vec(),
            traceparent: None,
        }
    }

    /// The same, as a part of a trace that is not the writer's own: where one transaction serves many requests.
    #[must_use]
    pub fn within(self, traceparent: Option<String>) -> Self {
        Self { traceparent, ..self }
    }
}

/// A fact that was written and has its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// 1, 2, 3 and so on, without a gap.
    pub position: i64,
    /// The fact's own id.
    pub fact_id: Uuid,
    /// To whom it happened.
    pub tenant: Tenant,
    /// Its name: "points.earned".
    pub kind: String,
    /// The key within which order matters.
    pub subject: String,
    /// The message.
    pub payload: Vec<u8>,
    /// When it happened.
    pub occur_time: Time,
    /// The trace that it happened in; empty where there was none.
    pub traceparent: String,
}

const INSERT: &str =
    "INSERT INTO outbox (fact_id, position, tenant_id, kind, subject, payload, occur_time, traceparent)";

/// Writes facts in their order.
///
/// Positions must be given once rows are visible: a number that is taken before the commit may be overtaken, and its row
/// skipped. SQLite has one writer, so there a position is visible before the next one is given; in PostgreSQL the
/// [`Db::sequence`] gives them afterwards.
pub(crate) async fn write(tx: &DatabaseTransaction, clock: &Clock, facts: Vec<Draft>) -> Result<(), Fault> {
    let mut position = match tx.get_database_backend() {
        DbBackend::Sqlite => Some(last_position(tx).await?),
        _ => None,
    };
    let now = clock.now().micros();
    let traceparent = telemetry::traceparent().unwrap_or_default();
    let rows = facts.into_iter().map(|fact| {
        position = position.map(|last| last.saturating_add(1));
        vec![
            clock.uuid().into(),
            position.into(),
            fact.tenant.uuid().into(),
            fact.kind.into(),
            fact.subject.into(),
            fact.payload.into(),
            now.into(),
            fact.traceparent.unwrap_or_else(|| traceparent.clone()).into(),
        ]
    });
    insert_rows(tx, INSERT, rows.collect(), "").await?;
    Ok(())
}

async fn last_position(conn: &impl ConnectionTrait) -> Result<i64, Fault> {
    let last = statement(conn, "SELECT COALESCE(MAX(position), 0) FROM outbox", []);
    let row = conn
        .query_one_raw(last)
        .await?
        .ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
    Ok(row.try_get_by_index(0)?)
}

/// The head is locked first, so that only one sequencer gives positions at a time; a fact's id orders what it finds.
const LOCK_HEAD: &str = "SELECT last_position FROM outbox_head WHERE lock = 0 FOR UPDATE";
const SEQUENCE: &str = "UPDATE outbox SET position = next.position FROM (\
     SELECT fact_id, $1 + row_number() OVER (ORDER BY fact_id) AS position \
     FROM (SELECT fact_id FROM outbox WHERE position IS NULL ORDER BY fact_id LIMIT $2) AS waiting) AS next \
     WHERE outbox.fact_id = next.fact_id";
const MOVE_HEAD: &str = "UPDATE outbox_head SET last_position = $1 WHERE lock = 0";
/// How many facts get their position in one transaction.
const SEQUENCED_MAX: i64 = 2_000;

impl Db {
    /// Gives positions to facts that became visible; answers how many. Nothing is left to do for SQLite.
    pub async fn sequence(&self) -> Result<usize, Fault> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(0);
        }
        // Most of the time nothing waits; then nothing is locked.
        let waiting = statement(self.read(), "SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1", []);
        if self.read().query_one_raw(waiting).await?.is_none() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let head = tx.query_one_raw(statement(&*tx, LOCK_HEAD, [])).await?;
        let head: i64 = head
            .ok_or_else(|| Fault::internal("the outbox has no head"))?
            .try_get_by_index(0)?;
        let given = tx
            .execute_raw(statement(&*tx, SEQUENCE, [head.into(), SEQUENCED_MAX.into()]))
            .await?
            .rows_affected();
        let last = head.saturating_add(i64::try_from(given).map_err(Fault::internal)?);
        tx.execute_raw(statement(&*tx, MOVE_HEAD, [last.into()])).await?;
        tx.commit().await?;
        self.wake();
        usize::try_from(given).map_err(Fault::internal)
    }

    /// The facts after a position, in order and without a gap.
    pub async fn facts_after(&self, position: i64, facts_max: u64) -> Result<Vec<OutboxRow>, Fault> {
        const READ: &str = "SELECT position, fact_id, tenant_id, kind, subject, payload, occur_time, traceparent \
             FROM outbox WHERE position > $1 ORDER BY position LIMIT $2";
        let limit = i64::try_from(facts_max).map_err(Fault::internal)?;
        let read: [Value; 2] = [position.into(), limit.into()];
        let rows = self.read().query_all_raw(statement(self.read(), READ, read)).await?;
        rows.iter().map(row).collect()
    }

    /// The last position that was given.
    pub async fn last_position(&self) -> Result<i64, Fault> {
        last_position(self.read()).await
    }
}

fn row(row: &QueryResult) -> Result<OutboxRow, Fault> {
    Ok(OutboxRow {
        position: row.try_get_by_index(0)?,
        fact_id: row.try_get_by_index(1)?,
        tenant: Tenant::from_uuid(row.try_get_by_index(2)?),
        kind: row.try_get_by_index(3)?,
        subject: row.try_get_by_index(4)?,
        payload: row.try_get_by_index(5)?,
        occur_time: Time::from_micros(row.try_get_by_index(6)?),
        traceparent: row.try_get_by_index(7)?,
    })
}
