use std::collections::HashMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, look_up, statement, unreadable, values};

use super::{Tier, TierLadder};

const COLUMNS: &str = "tenant_id, asset_code, tiers, version, update_time";

/// The ladder of a tenant.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<TierLadder>, Fault> {
    Ok(of_tenants(conn, &[tenant]).await?.remove(&tenant))
}

/// The ladder of a tenant, locked.
pub(crate) async fn find_locked(tx: &Tx, tenant: Tenant) -> Result<Option<TierLadder>, Fault> {
    let lock = for_update(tx.get_database_backend());
    let sql = format!("SELECT {COLUMNS} FROM tier_ladder WHERE tenant_id = $1{lock}");
    let row = tx.query_one_raw(statement(&**tx, &sql, [tenant.uuid().into()])).await?;
    Ok(row.as_ref().map(ladder).transpose()?.map(|(_, ladder)| ladder))
}

/// The ladders of some tenants.
pub(crate) async fn of_tenants(
    conn: &impl ConnectionTrait,
    tenants: &[Tenant],
) -> Result<HashMap<Tenant, TierLadder>, Fault> {
    if tenants.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tenants.iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid], rows);
    let found = look_up(backend, &list, "tier_ladder", "t.tenant_id = k.column1");
    let sql = format!("SELECT {COLUMNS} FROM {found}");
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(ladder).collect()
}

/// Writes a ladder over the version before. If another request was first, this one is contended.
pub(crate) async fn put(tx: &Tx, tenant: Tenant, ladder: &TierLadder) -> Result<(), Fault> {
    const PUT: &str = "INSERT INTO tier_ladder (tenant_id, asset_code, tiers, version, update_time) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id) DO UPDATE SET asset_code = excluded.asset_code, \
         tiers = excluded.tiers, version = excluded.version, update_time = excluded.update_time \
         WHERE tier_ladder.version = excluded.version - 1";
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        ladder.asset_code().into(),
        serde_json::to_string(ladder.tiers()).map_err(Fault::internal)?.into(),
        ladder.version().into(),
        ladder.update_time().micros().into(),
    ];
    let put = tx.execute_raw(statement(&**tx, PUT, parameters)).await?;
    if put.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

fn ladder(row: &QueryResult) -> Result<(Tenant, TierLadder), Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let asset_code = columns.take()?;
    let tiers: String = columns.take()?;
    let tiers: Vec<Tier> = serde_json::from_str(&tiers).map_err(Fault::internal)?;
    let ladder = TierLadder::new(asset_code, tiers, columns.take()?, columns.time()?);
    Ok((tenant, ladder.map_err(|_| unreadable("tier_ladder", tenant))?))
}
