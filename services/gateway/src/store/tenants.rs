use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult};
use store::statement;

/// A tenant's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenantRow {
    pub(crate) tenant: Tenant,
    pub(crate) code: String,
    pub(crate) display_name: String,
    pub(crate) create_time: Time,
}

/// Whether a tenant was added, or its code was another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Yes,
    CodeTaken,
}

/// Adds a tenant.
pub(crate) async fn add(conn: &impl ConnectionTrait, row: &TenantRow) -> Result<Added, Fault> {
    const SQL: &str = "INSERT INTO tenant (tenant_id, code, display_name, create_time) VALUES ($1, $2, $3, $4)
        ON CONFLICT (code) DO NOTHING";
    let values = [
        row.tenant.uuid().into(),
        row.code.clone().into(),
        row.display_name.clone().into(),
        row.create_time.micros().into(),
    ];
    let outcome = conn.execute_raw(statement(conn, SQL, values)).await?;
    Ok(if outcome.rows_affected() == 1 {
        Added::Yes
    } else {
        Added::CodeTaken
    })
}

/// A tenant, where there is one.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<TenantRow>, Fault> {
    const SQL: &str = "SELECT tenant_id, code, display_name, create_time FROM tenant WHERE tenant_id = $1";
    let row = conn.query_one_raw(statement(conn, SQL, [tenant.uuid().into()])).await?;
    row.as_ref().map(read).transpose()
}

/// Every tenant of the platform.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Tenant>, Fault> {
    let rows = conn
        .query_all_raw(statement(conn, "SELECT tenant_id FROM tenant ORDER BY tenant_id", []))
        .await?;
    rows.iter()
        .map(|row| Ok(Tenant::from_uuid(row.try_get_by_index(0)?)))
        .collect()
}

/// Every tenant of the platform with its code and name.
pub(crate) async fn rows(conn: &impl ConnectionTrait) -> Result<Vec<TenantRow>, Fault> {
    const SQL: &str = "SELECT tenant_id, code, display_name, create_time FROM tenant ORDER BY tenant_id";
    let rows = conn.query_all_raw(statement(conn, SQL, [])).await?;
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
        tenant: Tenant::from_uuid(row.try_get("", "tenant_id")?),
        code: row.try_get("", "code")?,
        display_name: row.try_get("", "display_name")?,
        create_time: Time::from_micros(row.try_get("", "create_time")?),
    })
}
