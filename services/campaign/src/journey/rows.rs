use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Row, for_update, statement};

use super::Journey;

const COLUMNS: &str =
    "code, display_name, draft, archived, published_version, draft_changed, revision, create_time, update_time";

/// The journey, locked until the transaction ends.
pub(crate) async fn lock(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<Option<Journey>, Fault> {
    read(conn, tenant, code, for_update(conn.get_database_backend())).await
}

pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<Option<Journey>, Fault> {
    read(conn, tenant, code, "").await
}

async fn read(conn: &impl ConnectionTrait, tenant: Tenant, code: &str, lock: &str) -> Result<Option<Journey>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM journey WHERE tenant_id = $1 AND code = $2{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), code.into()]))
        .await?;
    row.as_ref().map(journey).transpose()
}

/// Journeys in the order of their codes, from the one after `after`.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    include_archived: bool,
    after: &str,
    rows_max: i64,
) -> Result<Vec<Journey>, Fault> {
    let shown = if include_archived { "" } else { " AND NOT archived" };
    let sql = format!("SELECT {COLUMNS} FROM journey WHERE tenant_id = $1 AND code > $2{shown} ORDER BY code LIMIT $3");
    let parameters: [Value; 3] = [tenant.uuid().into(), after.into(), rows_max.into()];
    conn.query_all_raw(statement(conn, &sql, parameters))
        .await?
        .iter()
        .map(journey)
        .collect()
}

/// How many journeys a tenant has that are not archived.
pub(crate) async fn count_open(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) AS open FROM journey WHERE tenant_id = $1 AND NOT archived";
    let row = conn
        .query_one_raw(statement(conn, COUNT, [tenant.uuid().into()]))
        .await?;
    row.map_or(Ok(0), |row| row.get("open"))
}

pub(crate) async fn insert(conn: &impl ConnectionTrait, tenant: Tenant, journey: &Journey) -> Result<(), Fault> {
    let sql = format!("INSERT INTO journey (tenant_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    conn.execute_raw(statement(conn, &sql, parameters(tenant, journey)))
        .await?;
    Ok(())
}

/// Writes a journey that was locked.
pub(crate) async fn update(conn: &impl ConnectionTrait, tenant: Tenant, journey: &Journey) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE journey SET display_name = $3, draft = $4, archived = $5, published_version = $6, \
         draft_changed = $7, revision = $8, create_time = $9, update_time = $10 WHERE tenant_id = $1 AND code = $2";
    conn.execute_raw(statement(conn, UPDATE, parameters(tenant, journey)))
        .await?;
    Ok(())
}

fn parameters(tenant: Tenant, journey: &Journey) -> [Value; 10] {
    [
        tenant.uuid().into(),
        journey.code.clone().into(),
        journey.display_name.clone().into(),
        journey.draft.clone().into(),
        journey.archived.into(),
        i64::from(journey.published_version).into(),
        journey.draft_changed.into(),
        journey.revision.into(),
        journey.create_time.micros().into(),
        journey.update_time.micros().into(),
    ]
}

fn journey(row: &QueryResult) -> Result<Journey, Fault> {
    Ok(Journey {
        code: row.get("code")?,
        display_name: row.get("display_name")?,
        draft: row.get("draft")?,
        archived: row.get("archived")?,
        published_version: row.int("published_version")?,
        draft_changed: row.get("draft_changed")?,
        revision: row.get("revision")?,
        create_time: row.time("create_time")?,
        update_time: row.time("update_time")?,
    })
}
