//! Ids that lead to another one for ever, because what they named was merged into it.

use std::collections::HashMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::{Column, statement, values};

/// From now on `from` leads to `to`, and so does whatever led to `from`. Doing it again changes nothing.
pub async fn add(conn: &impl ConnectionTrait, tenant: Tenant, from: Uuid, to: Uuid) -> Result<(), Fault> {
    const CARRY_ON: &str = "UPDATE redirect SET to_id = $3 WHERE tenant_id = $1 AND to_id = $2 AND from_id <> $3";
    const ADD: &str = "INSERT INTO redirect (tenant_id, from_id, to_id) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id, from_id) DO UPDATE SET to_id = excluded.to_id";
    let parameters: [Value; 3] = [tenant.uuid().into(), from.into(), to.into()];
    conn.execute_raw(statement(conn, CARRY_ON, parameters.clone())).await?;
    conn.execute_raw(statement(conn, ADD, parameters)).await?;
    Ok(())
}

/// Where an id leads: to itself, unless it was merged.
pub async fn follow(conn: &impl ConnectionTrait, tenant: Tenant, id: Uuid) -> Result<Uuid, Fault> {
    const FOLLOW: &str = "SELECT to_id FROM redirect WHERE tenant_id = $1 AND from_id = $2";
    let row = conn
        .query_one_raw(statement(conn, FOLLOW, [tenant.uuid().into(), id.into()]))
        .await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(id))
}

/// Those of many ids that lead elsewhere, with where. The caller keeps their number bounded.
pub async fn follow_many(
    conn: &impl ConnectionTrait,
    ids: &[(Tenant, Uuid)],
) -> Result<HashMap<(Tenant, Uuid), Uuid>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = ids
        .iter()
        .map(|(tenant, id)| vec![tenant.uuid().into(), (*id).into()])
        .collect();
    let (list, parameters) = values(conn.get_database_backend(), 1, &[Column::Uuid, Column::Uuid], rows);
    let sql = format!("SELECT tenant_id, from_id, to_id FROM redirect WHERE (tenant_id, from_id) IN {list}");
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter()
        .map(|row| {
            Ok((
                (Tenant::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?),
                row.try_get_by_index(2)?,
            ))
        })
        .collect()
}
