//! Ids that lead to another one, because what they named was merged into it: for ever, unless the merge is undone.

use std::collections::{BTreeSet, HashMap, HashSet};

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::{Column, insert_rows, look_up, statement, values};

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

/// `from` leads to itself again; whatever led to it before does not come back.
pub async fn remove(conn: &impl ConnectionTrait, tenant: Tenant, from: Uuid) -> Result<(), Fault> {
    const REMOVE: &str = "DELETE FROM redirect WHERE tenant_id = $1 AND from_id = $2";
    conn.execute_raw(statement(conn, REMOVE, [tenant.uuid().into(), from.into()]))
        .await?;
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
    let on = "t.tenant_id = k.column1 AND t.from_id = k.column2";
    let found = look_up(conn.get_database_backend(), &list, "redirect", on);
    let sql = format!("SELECT tenant_id, from_id, to_id FROM {found}");
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

/// Undoes a merge: `from` leads to itself again, and `led`, which led to it before it was merged, lead to it once more. What
/// was undone is remembered by `cause`, the id of the merge. Says whether it was undone just now, and not before.
pub async fn end(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    cause: Uuid,
    from: Uuid,
    led: &[Uuid],
) -> Result<bool, Fault> {
    const REMEMBER: &str = "INSERT INTO ended_redirect (tenant_id, cause_id)";
    const LEAD: &str = "INSERT INTO redirect (tenant_id, from_id, to_id)";
    const LEAD_BACK: &str = "ON CONFLICT (tenant_id, from_id) DO UPDATE SET to_id = excluded.to_id";
    let cause = vec![tenant.uuid().into(), cause.into()];
    if insert_rows(conn, REMEMBER, vec![cause], "ON CONFLICT DO NOTHING").await? == 0 {
        return Ok(false);
    }
    remove(conn, tenant, from).await?;
    let led: BTreeSet<&Uuid> = led.iter().filter(|id| **id != from).collect();
    let rows = led
        .into_iter()
        .map(|id| vec![tenant.uuid().into(), (*id).into(), from.into()]);
    insert_rows(conn, LEAD, rows.collect(), LEAD_BACK).await?;
    Ok(true)
}

/// Which of these merges have been undone, by their ids. The caller keeps their number bounded.
pub async fn ended(conn: &impl ConnectionTrait, causes: &[(Tenant, Uuid)]) -> Result<HashSet<(Tenant, Uuid)>, Fault> {
    if causes.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = causes
        .iter()
        .map(|(tenant, cause)| vec![tenant.uuid().into(), (*cause).into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows);
    let on = "t.tenant_id = k.column1 AND t.cause_id = k.column2";
    let found = look_up(backend, &list, "ended_redirect", on);
    let sql = format!("SELECT t.tenant_id, t.cause_id FROM {found}");
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter()
        .map(|row| Ok((Tenant::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
        .collect()
}
