use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Tx, for_update, insert_rows};
use uuid::Uuid;

use super::account::key_values;
use super::row::{Columns, broken, select};
use crate::domain::{AccountKey, Adjustment, AdjustmentId, AdjustmentState, EntryId, MemberId};

const SELECT: &str = "SELECT adjustment_id, member_id, asset_code, amount, reason_code, note, state, creator, decider, \
     entry_id, create_time, decide_time FROM adjustment";

/// One adjustment.
pub(crate) async fn adjustment(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: AdjustmentId,
) -> Result<Adjustment, Fault> {
    one(conn, tenant, id, "").await
}

/// One adjustment, locked until the end of the transaction. Whoever also posts locks it before the account.
pub(crate) async fn adjustment_for_update(tx: &Tx, tenant: Tenant, id: AdjustmentId) -> Result<Adjustment, Fault> {
    one(&**tx, tenant, id, for_update(tx.get_database_backend())).await
}

async fn one(conn: &impl ConnectionTrait, tenant: Tenant, id: AdjustmentId, lock: &str) -> Result<Adjustment, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND adjustment_id = $2{lock}");
    let rows = select(conn, &sql, [tenant.uuid().into(), id.uuid().into()]).await?;
    let row = rows.first().ok_or_else(|| Fault::not_found("adjustment", id))?;
    adjustment_row(tenant, row)
}

/// A tenant's adjustments before one of them, the latest first; of one state, or all.
pub(crate) async fn list_adjustments(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    state: Option<AdjustmentState>,
    before: AdjustmentId,
    limit: i64,
) -> Result<Vec<Adjustment>, Fault> {
    let of_state = state
        .map(|state| format!("AND state = {}", state.number()))
        .unwrap_or_default();
    let sql =
        format!("{SELECT} WHERE tenant_id = $1 {of_state} AND adjustment_id < $2 ORDER BY adjustment_id DESC LIMIT $3");
    let rows = select(conn, &sql, [tenant.uuid().into(), before.uuid().into(), limit.into()]).await?;
    rows.iter().map(|row| adjustment_row(tenant, row)).collect()
}

/// Writes an adjustment as it is now.
pub(crate) async fn save_adjustment(tx: &Tx, adjustment: &Adjustment) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO adjustment (tenant_id, adjustment_id, member_id, asset_code, amount, reason_code, note, \
         state, creator, decider, entry_id, create_time, decide_time)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, adjustment_id) DO UPDATE SET member_id = excluded.member_id, \
         state = excluded.state, decider = excluded.decider, entry_id = excluded.entry_id, \
         decide_time = excluded.decide_time";
    let [tenant, member, asset] = key_values(&adjustment.account);
    let row = vec![
        tenant,
        adjustment.id.uuid().into(),
        member,
        asset,
        adjustment.amount.into(),
        adjustment.reason_code.clone().into(),
        adjustment.note.clone().into(),
        adjustment.state.number().into(),
        adjustment.creator.clone().into(),
        adjustment.decider.clone().into(),
        adjustment.entry.map(kernel::Id::uuid).into(),
        adjustment.create_time.micros().into(),
        adjustment.decide_time.map(Time::micros).into(),
    ];
    insert_rows(&**tx, INSERT, vec![row], CHANGE).await?;
    Ok(())
}

fn adjustment_row(tenant: Tenant, row: &QueryResult) -> Result<Adjustment, Fault> {
    let mut columns = Columns::of(row);
    let id = AdjustmentId::from_uuid(columns.take()?);
    let account = AccountKey {
        tenant,
        member: MemberId::from_uuid(columns.take()?),
        asset: columns.take::<String>()?.into(),
    };
    let (amount, reason_code, note) = (columns.take()?, columns.take()?, columns.take()?);
    let state = columns.take()?;
    Ok(Adjustment {
        id,
        account,
        amount,
        reason_code,
        note,
        state: AdjustmentState::from_number(state).ok_or_else(|| broken("an adjustment's state", state))?,
        creator: columns.take()?,
        decider: columns.take()?,
        entry: columns.take::<Option<Uuid>>()?.map(EntryId::from_uuid),
        create_time: columns.time()?,
        decide_time: columns.maybe_time()?,
    })
}
