//! Facts wait here, in the transaction of their effect, until every consumer has applied them.

mod beside;
mod form;
mod moving;
mod reading;
mod sequencing;
mod within;

use fault::Fault;
use kernel::{Clock, Fact, Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::insert_rows;

pub(crate) use form::{Form, FormSeen};
pub use moving::MoveNews;
pub(crate) use moving::{begin_beside, is_within, move_positions};

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
        Self::encoded::<F>(tenant, subject, fact.encode_to_vec())
    }

    /// A fact that is encoded already, as a message of this type.
    pub fn encoded<F: Fact>(tenant: Tenant, subject: impl Into<String>, payload: Vec<u8>) -> Self {
        Self {
            tenant,
            kind: F::TYPE,
            subject: subject.into(),
            payload,
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

/// In PostgreSQL [`Db::sequence`](crate::Db::sequence) gives positions once rows are visible: a number that is taken before
/// the commit may be overtaken, and its row skipped. Which transaction wrote a row, the database notes itself.
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
