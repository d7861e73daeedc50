//! Of each person at a platform, what the latest event says of the membership, in whatever order the events have come.

use channel_protocols::Membership;
use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, statement};

use crate::account::AccountId;

/// Writes an event down, unless a later one is there. Of two at one moment the one with the greater id counts, so that their
/// order does not.
pub(crate) async fn note(
    conn: &impl ConnectionTrait,
    (tenant, account_id): (Tenant, AccountId),
    external_id: &str,
    membership: Membership,
    (event_time, source_id): (Time, &str),
) -> Result<(), Fault> {
    const NOTE: &str = "INSERT INTO channel_membership \
         (tenant_id, account_id, external_id, is_bound, event_time, source_id) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, account_id, external_id) DO UPDATE SET is_bound = excluded.is_bound, \
         event_time = excluded.event_time, source_id = excluded.source_id \
         WHERE excluded.event_time > channel_membership.event_time \
         OR (excluded.event_time = channel_membership.event_time AND excluded.source_id > channel_membership.source_id)";
    let is_bound = match membership {
        Membership::Bound => 1_i64,
        Membership::Unbound => 0,
    };
    let parameters: [Value; 6] = [
        tenant.uuid().into(),
        account_id.uuid().into(),
        external_id.into(),
        is_bound.into(),
        event_time.micros().into(),
        source_id.into(),
    ];
    conn.execute_raw(statement(conn, NOTE, parameters)).await?;
    Ok(())
}

/// Whether a person is bound by the latest event.
pub(crate) async fn is_bound(
    conn: &impl ConnectionTrait,
    (tenant, account_id): (Tenant, AccountId),
    external_id: &str,
) -> Result<bool, Fault> {
    const BOUND: &str =
        "SELECT is_bound FROM channel_membership WHERE tenant_id = $1 AND account_id = $2 AND external_id = $3";
    let parameters: [Value; 3] = [tenant.uuid().into(), account_id.uuid().into(), external_id.into()];
    let row = conn.query_one_raw(statement(conn, BOUND, parameters)).await?;
    row.map_or(Ok(false), |row| Ok(Columns::of(&row).take::<i64>()? == 1))
}
