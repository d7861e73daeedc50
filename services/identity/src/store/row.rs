//! What all tables share.

use fault::Fault;
use kernel::{Id, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::Column;
use uuid::Uuid;

use crate::domain::{Identity, Key, Kind, MemberId, Proof};

/// The edge in the columns `kind, scope, value, identity_id, proof, source_channel, link_time`.
pub(super) fn identity(row: &QueryResult, verified: bool) -> Result<Identity, Fault> {
    let proof: String = row.try_get("", "proof")?;
    Ok(Identity {
        id: Id::from_uuid(row.try_get("", "identity_id")?),
        key: key(row)?,
        proof: Proof::from_code(&proof).ok_or_else(|| Fault::internal(format!("an identity has the proof {proof}")))?,
        verified,
        source_channel: row.try_get("", "source_channel")?,
        link_time: Time::from_micros(row.try_get("", "link_time")?),
    })
}

/// The key in the columns `kind, scope, value`.
pub(super) fn key(row: &QueryResult) -> Result<Key, Fault> {
    let kind: String = row.try_get("", "kind")?;
    Ok(Key {
        kind: Kind::from_code(&kind).ok_or_else(|| Fault::internal(format!("an identity has the kind {kind}")))?,
        scope: row.try_get("", "scope")?,
        value: row.try_get("", "value")?,
    })
}

pub(super) fn member_id(row: &QueryResult) -> Result<MemberId, Fault> {
    let uuid: Uuid = row.try_get("", "member_id")?;
    Ok(Id::from_uuid(uuid))
}

/// `(VALUES ($2), ($3))` with the parameters from `$2` on; `$1` is the tenant's.
pub(super) fn member_list(conn: &impl ConnectionTrait, ids: &[MemberId]) -> (String, Vec<Value>) {
    let rows = ids.iter().map(|id| vec![id.uuid().into()]).collect();
    store::values(conn.get_database_backend(), 2, &[Column::Uuid], rows)
}
