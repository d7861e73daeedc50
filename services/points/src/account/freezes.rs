use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, MemberId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Tx, statement};
use uuid::Uuid;

use super::rows::key_values;
use crate::store::row::select;

/// One freeze of an account, open until it is unfrozen.
#[derive(Clone, Debug)]
pub(crate) struct FreezeRow {
    pub(crate) key: AccountKey,
    pub(crate) reason: String,
    /// How the account disagreed with itself; none where somebody froze it by hand.
    pub(crate) discrepancy: Option<String>,
    pub(crate) freeze_time: Time,
    pub(crate) frozen_by: String,
}

const SELECT: &str = "SELECT member_id, asset_code, reason, discrepancy, freeze_time, frozen_by FROM account_freeze";

/// The open freeze of an account.
pub(crate) async fn open_freeze(conn: &impl ConnectionTrait, key: &AccountKey) -> Result<Option<FreezeRow>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND unfreeze_time IS NULL");
    let rows = select(conn, &sql, key_values(key)).await?;
    rows.first().map(|row| freeze_row(key.tenant, row)).transpose()
}

/// The open freezes of a tenant after a member and asset.
pub(crate) async fn open_freezes(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: (Uuid, &str),
    limit: i64,
) -> Result<Vec<FreezeRow>, Fault> {
    let sql = format!(
        "{SELECT} WHERE tenant_id = $1 AND unfreeze_time IS NULL AND (member_id, asset_code) > ($2, $3) \
         ORDER BY member_id, asset_code LIMIT $4"
    );
    let (member, asset) = after;
    let parameters: [Value; 4] = [tenant.uuid().into(), member.into(), asset.into(), limit.into()];
    let rows = select(conn, &sql, parameters).await?;
    rows.iter().map(|row| freeze_row(tenant, row)).collect()
}

/// How many accounts of all tenants, or of one, are frozen, and how many of them because they disagree with themselves.
pub(crate) async fn count_frozen(conn: &impl ConnectionTrait, tenant: Option<Tenant>) -> Result<(i64, i64), Fault> {
    let (filter, parameters) = match tenant {
        Some(tenant) => ("tenant_id = $1 AND", vec![tenant.uuid().into()]),
        None => ("", Vec::new()),
    };
    let sql = format!("SELECT COUNT(*), COUNT(discrepancy) FROM account_freeze WHERE {filter} unfreeze_time IS NULL");
    let rows = select(conn, &sql, parameters).await?;
    let row = rows.first().ok_or_else(|| Fault::internal("a count without a row"))?;
    let mut columns = Columns::of(row);
    Ok((columns.take()?, columns.take()?))
}

fn freeze_row(tenant: Tenant, row: &QueryResult) -> Result<FreezeRow, Fault> {
    let mut columns = Columns::of(row);
    Ok(FreezeRow {
        key: AccountKey {
            tenant,
            member: MemberId::from_uuid(columns.take()?),
            asset: columns.take::<String>()?.into(),
        },
        reason: columns.take()?,
        discrepancy: columns.take()?,
        freeze_time: columns.time()?,
        frozen_by: columns.take()?,
    })
}

/// Freezes a locked account that is not frozen.
pub(crate) async fn freeze(tx: &Tx, freeze_id: Uuid, row: &FreezeRow) -> Result<(), Fault> {
    const MARK: &str = "UPDATE account SET frozen_reason = $4, frozen_time = $5 \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3";
    const INSERT: &str = "INSERT INTO account_freeze (tenant_id, member_id, asset_code, reason, freeze_time, freeze_id, \
         discrepancy, frozen_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let [tenant, member, asset] = key_values(&row.key);
    let mut parameters: Vec<Value> = vec![
        tenant,
        member,
        asset,
        row.reason.clone().into(),
        row.freeze_time.micros().into(),
    ];
    tx.execute_raw(statement(&**tx, MARK, parameters.clone())).await?;
    parameters.extend([
        freeze_id.into(),
        row.discrepancy.clone().into(),
        row.frozen_by.clone().into(),
    ]);
    tx.execute_raw(statement(&**tx, INSERT, parameters)).await?;
    Ok(())
}

/// Adds to the open freeze of a locked account how it disagrees with itself.
pub(crate) async fn note_discrepancy(tx: &Tx, key: &AccountKey, discrepancy: &str) -> Result<(), Fault> {
    const NOTE: &str = "UPDATE account_freeze SET discrepancy = $4 \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND unfreeze_time IS NULL";
    let [tenant, member, asset] = key_values(key);
    tx.execute_raw(statement(&**tx, NOTE, [tenant, member, asset, discrepancy.into()]))
        .await?;
    Ok(())
}

/// Unfreezes a locked account. The closed freeze stays, with who ended it and why.
pub(crate) async fn unfreeze(tx: &Tx, key: &AccountKey, now: Time, reason: &str, by: &str) -> Result<(), Fault> {
    const MARK: &str = "UPDATE account SET frozen_reason = NULL, frozen_time = NULL \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3";
    const CLOSE: &str = "UPDATE account_freeze SET unfreeze_time = $4, unfreeze_reason = $5, unfrozen_by = $6 \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND unfreeze_time IS NULL";
    tx.execute_raw(statement(&**tx, MARK, key_values(key))).await?;
    let [tenant, member, asset] = key_values(key);
    let parameters = [tenant, member, asset, now.micros().into(), reason.into(), by.into()];
    tx.execute_raw(statement(&**tx, CLOSE, parameters)).await?;
    Ok(())
}

/// The members whose ids lead to this one, and whose accounts of the asset were not handed over because one of the two was
/// frozen.
pub(crate) async fn waiting_for(conn: &impl ConnectionTrait, key: &AccountKey) -> Result<Vec<MemberId>, Fault> {
    const WAITING: &str = "SELECT a.member_id FROM redirect AS r CROSS JOIN account AS a \
         WHERE r.tenant_id = $1 AND r.to_id = $2 AND a.tenant_id = r.tenant_id AND a.member_id = r.from_id \
         AND a.asset_code = $3 AND a.moved_to_member_id IS NULL AND a.frozen_time IS NULL ORDER BY a.member_id";
    let rows = select(conn, WAITING, key_values(key)).await?;
    rows.iter()
        .map(|row| Ok(MemberId::from_uuid(Columns::of(row).take()?)))
        .collect()
}
