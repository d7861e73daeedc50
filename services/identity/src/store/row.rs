//! What all tables share.

use fault::Fault;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, unreadable};

use crate::graph::identity::{Identity, Proof};
use crate::graph::key::{Key, Kind};
use crate::graph::member::MemberId;

/// The edge in the columns `kind, scope, value, identity_id, proof, source_channel, link_time`.
pub(crate) fn identity(row: &QueryResult, verified: bool) -> Result<Identity, Fault> {
    let proof: String = row.get("proof")?;
    Ok(Identity {
        id: row.id("identity_id")?,
        key: key(row)?,
        proof: Proof::from_code(&proof).ok_or_else(|| unreadable("identity", format!("the proof {proof}")))?,
        verified,
        source_channel: row.get("source_channel")?,
        link_time: row.time("link_time")?,
    })
}

/// The key in the columns `kind, scope, value`.
pub(crate) fn key(row: &QueryResult) -> Result<Key, Fault> {
    let kind: String = row.get("kind")?;
    Ok(Key {
        kind: Kind::from_code(&kind).ok_or_else(|| unreadable("identity", format!("the kind {kind}")))?,
        scope: row.get("scope")?,
        value: row.get("value")?,
    })
}

pub(crate) fn member_id(row: &QueryResult) -> Result<MemberId, Fault> {
    row.id("member_id")
}

/// `(VALUES ($2), ($3))` with the parameters from `$2` on; `$1` is the tenant's.
pub(crate) fn member_list(conn: &impl ConnectionTrait, ids: &[MemberId]) -> (String, Vec<Value>) {
    let rows = ids.iter().map(|id| vec![id.uuid().into()]).collect();
    store::values(conn.get_database_backend(), 2, &[Column::Uuid], rows)
}
