use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{Asset, AssetCode, AssetKind, ClawbackPolicy};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, look_up, statement, unreadable, values};

use crate::store::row::{KEYS_MAX, select};

/// An asset with what only its readers need.
#[derive(Clone, Debug)]
pub(crate) struct AssetRow {
    pub(crate) asset: Asset,
    pub(crate) display_name: String,
    pub(crate) version: i64,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
}

const SELECT: &str = "SELECT t.tenant_id, t.code, t.kind, t.display_name, t.expiry, t.utc_offset_minutes, \
     t.reversal_grace_days, t.clawback, t.transfer_forbidden, t.adjustment_alone_max, t.version, t.create_time, \
     t.update_time FROM";

/// The assets of these codes, those that exist.
pub(crate) async fn assets(
    conn: &impl ConnectionTrait,
    codes: BTreeSet<(Tenant, AssetCode)>,
) -> Result<HashMap<(Tenant, AssetCode), Arc<Asset>>, Fault> {
    let codes: Vec<(Tenant, AssetCode)> = codes.into_iter().collect();
    let mut found = HashMap::new();
    for codes in codes.chunks(KEYS_MAX) {
        let rows = codes
            .iter()
            .map(|(tenant, code)| vec![tenant.uuid().into(), (**code).into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Text], rows);
        let on = "t.tenant_id = k.column1 AND t.code = k.column2";
        let sql = format!("{SELECT} {}", look_up(backend, &list, "asset", on));
        for row in select(conn, &sql, parameters).await? {
            let (tenant, row) = asset_row(&row)?;
            found.insert((tenant, row.asset.code.clone()), Arc::new(row.asset));
        }
    }
    Ok(found)
}

/// One asset.
pub(crate) async fn asset(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<AssetRow, Fault> {
    let sql = format!("{SELECT} asset AS t WHERE tenant_id = $1 AND code = $2");
    one(conn, &sql, tenant, code).await
}

/// One asset, locked until the end of the transaction.
pub(crate) async fn asset_for_update(tx: &Tx, tenant: Tenant, code: &str) -> Result<AssetRow, Fault> {
    let sql = format!(
        "{SELECT} asset AS t WHERE tenant_id = $1 AND code = $2{}",
        for_update(tx.get_database_backend())
    );
    one(&**tx, &sql, tenant, code).await
}

async fn one(conn: &impl ConnectionTrait, sql: &str, tenant: Tenant, code: &str) -> Result<AssetRow, Fault> {
    let rows = select(conn, sql, [tenant.uuid().into(), code.into()]).await?;
    let row = rows.first().ok_or_else(|| Fault::not_found("asset", code))?;
    Ok(asset_row(row)?.1)
}

/// A tenant's assets after a code, in the order of their codes.
pub(crate) async fn list_assets(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: &str,
    limit: i64,
) -> Result<Vec<AssetRow>, Fault> {
    let sql = format!("{SELECT} asset AS t WHERE tenant_id = $1 AND code > $2 ORDER BY code LIMIT $3");
    let rows = select(conn, &sql, [tenant.uuid().into(), after.into(), limit.into()]).await?;
    rows.iter().map(|row| Ok(asset_row(row)?.1)).collect()
}

/// Everybody who has an asset.
pub(crate) async fn tenants(conn: &impl ConnectionTrait) -> Result<Vec<Tenant>, Fault> {
    let rows = select(conn, "SELECT DISTINCT tenant_id FROM asset ORDER BY tenant_id", []).await?;
    rows.iter().map(|row| Columns::of(row).tenant()).collect()
}

/// Every asset of these tenants, by tenant.
pub(crate) async fn asset_codes(
    conn: &impl ConnectionTrait,
    tenants: &BTreeSet<Tenant>,
) -> Result<Vec<(Tenant, AssetCode)>, Fault> {
    if tenants.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tenants.iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid], rows);
    let found = look_up(backend, &list, "asset", "t.tenant_id = k.column1");
    let sql = format!("SELECT t.tenant_id, t.code FROM {found} ORDER BY t.tenant_id, t.code");
    let rows = select(conn, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.tenant()?, columns.take::<String>()?.into()))
        })
        .collect()
}

/// Creates an asset; answers false where its code is taken.
pub(crate) async fn create_asset(tx: &Tx, tenant: Tenant, row: &AssetRow) -> Result<bool, Fault> {
    const INSERT: &str = "INSERT INTO asset (tenant_id, code, kind, display_name, expiry, utc_offset_minutes, \
         reversal_grace_days, version, create_time, update_time, clawback, \
         transfer_forbidden, adjustment_alone_max) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT DO NOTHING";
    let parameters: [Value; 13] = [
        tenant.uuid().into(),
        (*row.asset.code).into(),
        row.asset.kind.number().into(),
        row.display_name.clone().into(),
        row.asset.expiry.to_string().into(),
        row.asset.utc_offset_minutes.into(),
        row.asset.reversal_grace_days.into(),
        row.version.into(),
        row.create_time.micros().into(),
        row.update_time.micros().into(),
        row.asset.clawback.number().into(),
        row.asset.transfer_forbidden.into(),
        row.asset.adjustment_alone_max.into(),
    ];
    let inserted = tx.execute_raw(statement(&**tx, INSERT, parameters)).await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes what may change of an asset.
pub(crate) async fn update_asset(tx: &Tx, tenant: Tenant, row: &AssetRow) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE asset SET display_name = $3, expiry = $4, reversal_grace_days = $5, version = $6, \
         update_time = $7, clawback = $8, transfer_forbidden = $9, adjustment_alone_max = $10 WHERE tenant_id = $1 AND code = $2";
    let parameters: [Value; 10] = [
        tenant.uuid().into(),
        (*row.asset.code).into(),
        row.display_name.clone().into(),
        row.asset.expiry.to_string().into(),
        row.asset.reversal_grace_days.into(),
        row.version.into(),
        row.update_time.micros().into(),
        row.asset.clawback.number().into(),
        row.asset.transfer_forbidden.into(),
        row.asset.adjustment_alone_max.into(),
    ];
    tx.execute_raw(statement(&**tx, UPDATE, parameters)).await?;
    Ok(())
}

fn asset_row(row: &QueryResult) -> Result<(Tenant, AssetRow), Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let code = columns.take::<String>()?.into();
    let kind = columns.take()?;
    let display_name = columns.take()?;
    let expiry: String = columns.take()?;
    let (utc_offset_minutes, reversal_grace_days) = (columns.take()?, columns.take()?);
    let clawback = columns.take()?;
    let asset = Asset {
        code,
        kind: AssetKind::from_number(kind).ok_or_else(|| unreadable("asset", format!("the kind {kind}")))?,
        expiry: expiry
            .parse()
            .map_err(|error| unreadable("asset", format!("the expiry policy {error}")))?,
        utc_offset_minutes,
        reversal_grace_days,
        clawback: ClawbackPolicy::from_number(clawback)
            .ok_or_else(|| unreadable("asset", format!("the clawback policy {clawback}")))?,
        transfer_forbidden: columns.take()?,
        adjustment_alone_max: columns.take()?,
    };
    let version = columns.take()?;
    Ok((
        tenant,
        AssetRow {
            asset,
            display_name,
            version,
            create_time: columns.time()?,
            update_time: columns.time()?,
        },
    ))
}
