//! Facts wait here, in the transaction of their effect, until every consumer has applied them.

use fault::Fault;
use kernel::{Clock, Fact, Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use uuid::Uuid;

use crate::{Db, insert_rows, statement};

/// A fact that is about to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    tenant: Tenant,
    kind: &'static str,
    subject: String,
    payload: Vec<u8>,
    /// None: that of the fact about the same subject that is being applied, or of the transaction that writes it.
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

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
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

/// The facts of an outbox that a reader wants, as far as it has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<F = OutboxRow> {
    /// What it wants, in order.
    pub facts: Vec<F>,
    /// How far it has looked: whatever else stands up to here is nothing to it.
    pub last_position: i64,
    /// Whether there may be more behind it by now.
    pub has_more: bool,
}

/// In PostgreSQL the [`Db::sequence`] gives positions once rows are visible: a number that is taken before the commit may
/// be overtaken, and its row skipped.
const INSERT: &str = "INSERT INTO outbox (fact_id, tenant_id, kind, subject, payload, occur_time, traceparent)";
/// SQLite has one writer, so there a position is visible before the next one is given.
const INSERT_BEHIND_LAST: &str = "INSERT INTO outbox (position, fact_id, tenant_id, kind, subject, payload, occur_time, \
     traceparent) SELECT last.position + row_number() OVER (ORDER BY new.column1), new.* \
     FROM (SELECT COALESCE(MAX(position), 0) AS position FROM outbox) AS last CROSS JOIN (";

/// Writes facts in their order.
pub(crate) async fn write(tx: &impl ConnectionTrait, clock: &Clock, facts: Vec<Draft>) -> Result<(), Fault> {
    let (head, tail) = match tx.get_database_backend() {
        DbBackend::Sqlite => (INSERT_BEHIND_LAST, ") AS new"),
        _ => (INSERT, ""),
    };
    let now = clock.now().micros();
    let own = telemetry::traceparent().unwrap_or_default();
    let rows = facts.into_iter().map(|fact| {
        let of_cause = || telemetry::cause(fact.tenant.uuid(), &fact.subject);
        let traceparent = fact.traceparent.clone().or_else(of_cause);
        let traceparent = traceparent.unwrap_or_else(|| own.clone());
        vec![
            clock.uuid().into(),
            fact.tenant.uuid().into(),
            fact.kind.into(),
            fact.subject.into(),
            fact.payload.into(),
            now.into(),
            traceparent.into(),
        ]
    });
    insert_rows(tx, head, rows.collect(), tail).await?;
    Ok(())
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
/// How many positions are looked at for each fact that may be answered with.
const POSITIONS_PER_FACT: i64 = 8;

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
        self.emitter().tell_of_any();
        usize::try_from(given).map_err(Fault::internal)
    }

    /// The facts of some kinds, or of all, after a position, in order. Looks past as many others at a time as are read
    /// quickly. Fails where a position is missing: then facts were lost, and nothing must be applied past them.
    pub async fn facts_after(&self, position: i64, kinds: Option<&[String]>, facts_max: u32) -> Result<Stretch, Fault> {
        let until = position.saturating_add(i64::from(facts_max.max(1)).saturating_mul(POSITIONS_PER_FACT));
        let mut parameters: Vec<Value> = vec![position.into(), until.into(), i64::from(facts_max).into()];
        let of_kinds = kinds.map_or_else(String::new, |kinds| {
            let first = parameters.len().saturating_add(1);
            let numbers: Vec<String> = (first..).map(|number| format!("${number}")).take(kinds.len()).collect();
            parameters.extend(kinds.iter().map(Value::from));
            format!(" AND o.kind IN ({})", numbers.join(", "))
        });
        // One row at least, and that of nothing but the first two columns where nothing is wanted.
        let sql = format!(
            "SELECT looked.positions, looked.last, o.position, o.fact_id, o.tenant_id, o.kind, o.subject, o.payload, \
                 o.occur_time, o.traceparent \
             FROM (SELECT COUNT(*) AS positions, COALESCE(MAX(position), $1) AS last \
                 FROM outbox WHERE position > $1 AND position <= $2) AS looked \
             LEFT JOIN outbox AS o ON o.position > $1 AND o.position <= $2{of_kinds} \
             ORDER BY o.position LIMIT $3"
        );
        let conn = self.read();
        let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
        let Some(first) = rows.first() else {
            return Err(Fault::internal("an aggregate answered without a row"));
        };
        let (positions, last): (i64, i64) = (first.try_get_by_index(0)?, first.try_get_by_index(1)?);
        if last.saturating_sub(position) != positions {
            return Err(Fault::internal(format!(
                "facts are missing: of the positions from {position} to {last} there are {positions}"
            )));
        }
        let mut facts = Vec::with_capacity(rows.len());
        for row in &rows {
            facts.extend(fact(row)?);
        }
        let is_full = facts.len() >= usize::try_from(facts_max).map_err(Fault::internal)?;
        Ok(Stretch {
            last_position: facts.last().filter(|_| is_full).map_or(last, |fact| fact.position),
            has_more: is_full || last == until,
            facts,
        })
    }

    /// The last position that was given.
    pub async fn last_position(&self) -> Result<i64, Fault> {
        let last = statement(self.read(), "SELECT COALESCE(MAX(position), 0) FROM outbox", []);
        let row = self.read().query_one_raw(last).await?;
        let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
        Ok(row.try_get_by_index(0)?)
    }
}

/// None in the row of a stretch in which nothing is wanted.
fn fact(row: &QueryResult) -> Result<Option<OutboxRow>, Fault> {
    let Some(position) = row.try_get_by_index(2)? else {
        return Ok(None);
    };
    Ok(Some(OutboxRow {
        position,
        fact_id: row.try_get_by_index(3)?,
        tenant: Tenant::from_uuid(row.try_get_by_index(4)?),
        kind: row.try_get_by_index(5)?,
        subject: row.try_get_by_index(6)?,
        payload: row.try_get_by_index(7)?,
        occur_time: Time::from_micros(row.try_get_by_index(8)?),
        traceparent: row.try_get_by_index(9)?,
    }))
}
