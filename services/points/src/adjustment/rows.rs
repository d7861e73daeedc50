use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, Adjustment, AdjustmentId, AdjustmentState, EntryId, MemberId, State};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, insert_rows, look_up, unreadable, values};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::store::row::{KEYS_MAX, select};

const SELECT: &str = "t.tenant_id, t.adjustment_id, t.member_id, t.asset_code, t.amount, t.reason_code, t.note, t.state, \
     t.creator, t.decider, t.entry_id, t.create_time, t.decide_time, t.cost_centre";

/// One adjustment.
pub(crate) async fn adjustment(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: AdjustmentId,
) -> Result<Adjustment, Fault> {
    let sql = format!("SELECT {SELECT} FROM adjustment AS t WHERE t.tenant_id = $1 AND t.adjustment_id = $2");
    let rows = select(conn, &sql, [tenant.uuid().into(), id.uuid().into()]).await?;
    let row = rows.first().ok_or_else(|| Fault::not_found("adjustment", id))?;
    adjustment_row(row)
}

/// Adjustments by their ids, locked until the end of the transaction, in the one order of their keys: an account that has no
/// row yet could not be locked for them. A transaction that locks both locks the accounts first.
pub(crate) async fn lock_adjustments(
    tx: &Tx,
    ids: &BTreeSet<(Tenant, AdjustmentId)>,
) -> Result<Vec<Adjustment>, Fault> {
    let backend = tx.get_database_backend();
    let on = format!(
        "t.tenant_id = k.column1 AND t.adjustment_id = k.column2{}",
        for_update(backend)
    );
    let ids: Vec<&(Tenant, AdjustmentId)> = ids.iter().collect();
    let mut locked = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS_MAX) {
        let rows = ids
            .iter()
            .map(|(tenant, id)| vec![tenant.uuid().into(), id.uuid().into()]);
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows.collect());
        let sql = format!("SELECT {SELECT} FROM {}", look_up(backend, &list, "adjustment", &on));
        for row in select(&**tx, &sql, parameters).await? {
            locked.push(adjustment_row(&row)?);
        }
    }
    Ok(locked)
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
        .map(|state| format!("AND t.state = {}", state.number()))
        .unwrap_or_default();
    let sql = format!(
        "SELECT {SELECT} FROM adjustment AS t WHERE t.tenant_id = $1 {of_state} AND t.adjustment_id < $2 \
         ORDER BY t.adjustment_id DESC LIMIT $3"
    );
    let rows = select(conn, &sql, [tenant.uuid().into(), before.uuid().into(), limit.into()]).await?;
    rows.iter().map(adjustment_row).collect()
}

/// Writes the adjustments that were made or have been decided.
pub(crate) async fn write_adjustments(tx: &Tx, state: &State) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO adjustment (tenant_id, adjustment_id, member_id, asset_code, amount, reason_code, note, \
         state, creator, decider, entry_id, create_time, decide_time, cost_centre)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, adjustment_id) DO UPDATE SET member_id = excluded.member_id, \
         state = excluded.state, decider = excluded.decider, entry_id = excluded.entry_id, \
         decide_time = excluded.decide_time";
    let rows = state.changed_adjustments().map(adjustment_values).collect();
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    Ok(())
}

fn adjustment_values(adjustment: &Adjustment) -> Vec<Value> {
    let [tenant, member, asset] = key_values(&adjustment.account);
    vec![
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
        adjustment.cost_centre.as_deref().into(),
    ]
}

fn adjustment_row(row: &QueryResult) -> Result<Adjustment, Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
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
        state: AdjustmentState::from_number(state)
            .ok_or_else(|| unreadable("adjustment", format!("the state {state}")))?,
        creator: columns.take()?,
        decider: columns.take()?,
        entry: columns.take::<Option<Uuid>>()?.map(EntryId::from_uuid),
        create_time: columns.time()?,
        decide_time: columns.optional_time()?,
        cost_centre: columns.take::<Option<String>>()?.map(Into::into),
    })
}
