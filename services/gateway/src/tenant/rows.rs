use fault::Fault;
use kernel::{Clock, Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Row, for_update, statement};

use super::time_zone::TimeZone;

/// A tenant's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenantRow {
    pub(crate) tenant: Tenant,
    pub(crate) code: String,
    pub(crate) display_name: String,
    pub(crate) create_time: Time,
    pub(crate) time_zone: TimeZone,
    /// Rises with every change.
    pub(crate) version: i64,
}

const COLUMNS: &str = "tenant_id, code, display_name, create_time, time_zone, version";

impl TenantRow {
    /// A tenant that nobody has changed yet.
    pub(crate) fn new(clock: &Clock, code: &str, display_name: &str, time_zone: TimeZone) -> Self {
        Self {
            tenant: Tenant::from_uuid(clock.uuid()),
            code: code.to_owned(),
            display_name: display_name.to_owned(),
            create_time: clock.now(),
            time_zone,
            version: 1,
        }
    }
}

/// Whether a tenant was added, or its code was another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Yes,
    CodeTaken,
}

/// Adds a tenant.
pub(crate) async fn add(conn: &impl ConnectionTrait, row: &TenantRow) -> Result<Added, Fault> {
    let sql = format!("INSERT INTO tenant ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code) DO NOTHING");
    let values = [
        row.tenant.uuid().into(),
        row.code.clone().into(),
        row.display_name.clone().into(),
        row.create_time.micros().into(),
        row.time_zone.name().into(),
        row.version.into(),
    ];
    let outcome = conn.execute_raw(statement(conn, &sql, values)).await?;
    Ok(if outcome.rows_affected() == 1 {
        Added::Yes
    } else {
        Added::CodeTaken
    })
}

/// A tenant, where there is one.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<TenantRow>, Fault> {
    one(conn, tenant, "").await
}

/// A tenant, where there is one, locked until the transaction ends.
pub(crate) async fn lock(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<TenantRow>, Fault> {
    one(conn, tenant, for_update(conn.get_database_backend())).await
}

async fn one(conn: &impl ConnectionTrait, tenant: Tenant, lock: &str) -> Result<Option<TenantRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM tenant WHERE tenant_id = $1{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into()]))
        .await?;
    row.as_ref().map(read).transpose()
}

/// The tenant of a code, where there is one.
pub(crate) async fn by_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<TenantRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM tenant WHERE code = $1");
    let row = conn.query_one_raw(statement(conn, &sql, [code.into()])).await?;
    row.as_ref().map(read).transpose()
}

/// Writes the fields of a tenant that may change.
pub(crate) async fn update(conn: &impl ConnectionTrait, row: &TenantRow) -> Result<(), Fault> {
    const SQL: &str = "UPDATE tenant SET display_name = $2, time_zone = $3, version = $4 WHERE tenant_id = $1";
    let values = [
        row.tenant.uuid().into(),
        row.display_name.clone().into(),
        row.time_zone.name().into(),
        row.version.into(),
    ];
    conn.execute_raw(statement(conn, SQL, values)).await?;
    Ok(())
}

/// Every tenant of the platform.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Tenant>, Fault> {
    let rows = conn
        .query_all_raw(statement(conn, "SELECT tenant_id FROM tenant ORDER BY tenant_id", []))
        .await?;
    rows.iter().map(|row| row.tenant(0)).collect()
}

/// Every tenant of the platform with its code and name.
pub(crate) async fn rows(conn: &impl ConnectionTrait) -> Result<Vec<TenantRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM tenant ORDER BY tenant_id");
    let rows = conn.query_all_raw(statement(conn, &sql, [])).await?;
    rows.iter().map(read).collect()
}

/// Whether there is any tenant at all.
pub(crate) async fn any(conn: &impl ConnectionTrait) -> Result<bool, Fault> {
    let row = conn
        .query_one_raw(statement(conn, "SELECT tenant_id FROM tenant LIMIT 1", []))
        .await?;
    Ok(row.is_some())
}

fn read(row: &QueryResult) -> Result<TenantRow, Fault> {
    Ok(TenantRow {
        tenant: row.tenant("tenant_id")?,
        code: row.get("code")?,
        display_name: row.get("display_name")?,
        create_time: row.time("create_time")?,
        time_zone: TimeZone::kept(row.get("time_zone")?),
        version: row.get("version")?,
    })
}
