use fault::Fault;
use kernel::{Fact, Tenant, Time};
use prost::Message;
use store::OutboxRow;
use uuid::Uuid;

/// A fact with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where it stands in its stream.
    pub position: i64,
    /// Its own id.
    pub id: Uuid,
    /// To whom it happened.
    pub tenant: Tenant,
    /// Its name: "points.earned".
    pub kind: String,
    /// The key within which order matters, usually a member id.
    pub subject: String,
    /// The message.
    pub payload: Vec<u8>,
    /// When it happened, by the platform's clock.
    pub occur_time: Time,
    /// The trace that it happened in; empty where there was none.
    pub traceparent: String,
}

impl Envelope {
    /// Whether this tells of an `F`.
    pub fn is<F: Fact>(&self) -> bool {
        self.kind == F::TYPE
    }

    /// The message, if it tells of an `F`.
    pub fn decode<F: Fact + Message + Default>(&self) -> Result<F, Fault> {
        if !self.is::<F>() {
            return Err(Fault::internal(format!("a fact {} was read as {}", self.kind, F::TYPE)));
        }
        F::decode(&*self.payload).map_err(Fault::internal)
    }
}

impl From<OutboxRow> for Envelope {
    fn from(row: OutboxRow) -> Self {
        Self {
            position: row.position,
            id: row.fact_id,
            tenant: row.tenant,
            kind: row.kind,
            subject: row.subject,
            payload: row.payload,
            occur_time: row.occur_time,
            traceparent: row.traceparent,
        }
    }
}
