//! Facts on the wire of a feed.

use contracts::events::internal::v1::Fact;
use fault::Fault;
use kernel::{Tenant, Time};
use runtime::Envelope;
use store::OutboxRow;
use uuid::Uuid;

pub(crate) fn read(fact: Fact) -> Result<Envelope, Fault> {
    let occur_time = fact.occur_time.as_ref().and_then(Time::from_wire);
    Ok(Envelope {
        position: fact.position,
        id: Uuid::from_slice(&fact.id).map_err(Fault::internal)?,
        tenant: Tenant::from_uuid(Uuid::from_slice(&fact.tenant_id).map_err(Fault::internal)?),
        kind: fact.r#type,
        subject: fact.subject,
        payload: fact.payload,
        occur_time: occur_time.ok_or_else(|| Fault::internal("a fact came without its time"))?,
        traceparent: fact.traceparent,
    })
}

pub(crate) fn write(row: OutboxRow) -> Fact {
    Fact {
        position: row.position,
        id: row.fact_id.as_bytes().to_vec(),
        tenant_id: row.tenant.uuid().as_bytes().to_vec(),
        r#type: row.kind,
        subject: row.subject,
        payload: row.payload,
        occur_time: Some(row.occur_time.to_wire()),
        traceparent: row.traceparent,
    }
}
