use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, EntryId, HeldPart, Hold, HoldId, HoldState, LotId, MemberId, State};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, insert_rows, look_up, statement, unreadable, values};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::hold::RELEASE_HOLDS;
use crate::store::row::{KEYS_MAX, free_account, select};

const SELECT: &str = "h.tenant_id, h.hold_id, h.member_id, h.asset_code, h.amount, h.state, h.captured, h.entry_id, \
     h.reference, h.create_time, h.expire_time, h.end_time, h.maker_id, h.cost_centre, h.acting_member_id";

/// What a hold has in a table, by a list of tenants and ids.
const OF_HOLD: &str = "t.tenant_id = k.column1 AND t.hold_id = k.column2";

/// Holds by their ids, those that are there.
pub(crate) async fn holds(conn: &impl ConnectionTrait, ids: &BTreeSet<(Tenant, HoldId)>) -> Result<Vec<Hold>, Fault> {
    let ids: Vec<_> = ids.iter().collect();
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS_MAX) {
        let rows = ids.iter().map(|(tenant, hold)| id_values(*tenant, *hold)).collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows);
        let sql = format!(
            "SELECT {SELECT} FROM (SELECT t.* FROM {}) AS h",
            look_up(backend, &list, "hold", OF_HOLD)
        );
        found.extend(read(conn, &sql, parameters).await?);
    }
    Ok(found)
}

/// The open holds of accounts. Their number is bounded by their deadlines, not by the accounts' history.
pub(crate) async fn open_holds(tx: &Tx, accounts: &BTreeSet<AccountKey>) -> Result<Vec<Hold>, Fault> {
    let accounts: Vec<&AccountKey> = accounts.iter().collect();
    let mut found = Vec::new();
    for accounts in accounts.chunks(KEYS_MAX) {
        let rows = accounts.iter().map(|key| key_values(key).to_vec()).collect();
        let columns = [Column::Uuid, Column::Uuid, Column::Text];
        let backend = tx.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, rows);
        let on = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.asset_code = k.column3 AND t.open";
        let sql = format!(
            "SELECT {SELECT} FROM (SELECT t.* FROM {}) AS h",
            look_up(backend, &list, "hold", on)
        );
        found.extend(read(&**tx, &sql, parameters).await?);
    }
    Ok(found)
}

/// An account's holds before one of them, the latest first.
pub(crate) async fn list_holds(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    open_only: bool,
    before: HoldId,
    limit: i64,
) -> Result<Vec<Hold>, Fault> {
    let open = if open_only { "AND h.open" } else { "" };
    let sql = format!(
        "SELECT {SELECT} FROM hold AS h WHERE h.tenant_id = $1 AND h.member_id = $2 AND h.asset_code = $3 \
         AND h.hold_id < $4 {open} ORDER BY h.hold_id DESC LIMIT $5"
    );
    let [tenant, member, asset] = key_values(key);
    read(
        conn,
        &sql,
        vec![tenant, member, asset, before.uuid().into(), limit.into()],
    )
    .await
}

/// The holds of a tenant whose deadline has come by `now`, those first that have waited longest.
pub(crate) async fn due_holds(
    conn: &impl ConnectionTrait,
    queue: &'static str,
    tenant: Tenant,
    now: Time,
    limit: i64,
) -> Result<Vec<(AccountKey, HoldId)>, Fault> {
    let free = free_account(conn.get_database_backend(), queue, "h");
    let due = format!(
        "SELECT h.member_id, h.asset_code, h.hold_id FROM hold AS h \
         WHERE h.tenant_id = $1 AND h.open AND h.expire_time <= $2 AND NOT EXISTS (SELECT 1 FROM account AS a \
             WHERE a.tenant_id = h.tenant_id AND a.member_id = h.member_id AND a.asset_code = h.asset_code \
             AND a.frozen_time IS NOT NULL) AND {free} \
         ORDER BY h.expire_time, h.hold_id LIMIT $3"
    );
    let rows = select(conn, &due, [tenant.uuid().into(), now.micros().into(), limit.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let account = AccountKey {
                tenant,
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
            };
            Ok((account, HoldId::from_uuid(columns.take()?)))
        })
        .collect()
}

/// When the next hold of any tenant comes due after `now`, of those that are open: one look into the index for each tenant.
pub(crate) async fn next_hold_due(conn: &impl ConnectionTrait, now: Time) -> Result<Option<Time>, Fault> {
    const NEXT: &str = "SELECT MIN(next.due) FROM (SELECT (SELECT MIN(h.expire_time) FROM hold AS h \
         WHERE h.tenant_id = t.tenant_id AND h.open AND h.expire_time > $1) AS due \
         FROM (SELECT DISTINCT tenant_id FROM asset) AS t) AS next";
    let rows = select(conn, NEXT, [now.micros().into()]).await?;
    let due = rows.first().map(|row| Columns::of(row).optional_time()).transpose()?;
    Ok(due.flatten())
}

/// Writes the holds that were made or have changed. The lots of a hold are written once, when it is made.
pub(crate) async fn write_holds(tx: &Tx, state: &State) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO hold (tenant_id, hold_id, member_id, asset_code, amount, state, open, captured, \
         entry_id, reference, create_time, expire_time, end_time, maker_id, cost_centre, \
         acting_member_id)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, hold_id) DO UPDATE SET member_id = excluded.member_id, \
         state = excluded.state, open = excluded.open, captured = excluded.captured, entry_id = excluded.entry_id, \
         end_time = excluded.end_time";
    const INSERT_LOTS: &str = "INSERT INTO hold_lot (tenant_id, hold_id, lot_id, amount, expire_time)";
    let rows = state.changed_holds().map(hold_values).collect();
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    let open = state.changed_holds().filter(|hold| hold.is_open());
    if let Some(due) = open.map(|hold| hold.expire_time).min() {
        tx.comes_due(RELEASE_HOLDS, due);
    }
    let replaced = state.changed_holds().filter(|hold| state.is_replaced(hold.id));
    remove_lots(tx, replaced.collect()).await?;
    let made = state
        .changed_holds()
        .filter(|hold| hold.create_time == state.now || state.is_replaced(hold.id));
    let lots = made.flat_map(|hold| {
        hold.parts.iter().map(|part| {
            let mut values = id_values(hold.account.tenant, hold.id);
            values.extend([
                part.lot.uuid().into(),
                part.amount.into(),
                part.expire_time.micros().into(),
            ]);
            values
        })
    });
    insert_rows(&**tx, INSERT_LOTS, lots.collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// Removes the lots of holds, whose parts are in others by now.
async fn remove_lots(tx: &Tx, holds: Vec<&Hold>) -> Result<(), Fault> {
    const REMOVE: &str = "DELETE FROM hold_lot WHERE tenant_id = $1 AND hold_id = $2";
    for hold in holds {
        let parameters = id_values(hold.account.tenant, hold.id);
        tx.execute_raw(statement(&**tx, REMOVE, parameters)).await?;
    }
    Ok(())
}

fn hold_values(hold: &Hold) -> Vec<Value> {
    let [tenant, member, asset] = key_values(&hold.account);
    vec![
        tenant,
        hold.id.uuid().into(),
        member,
        asset,
        hold.amount.into(),
        hold.state.number().into(),
        hold.is_open().into(),
        hold.captured.into(),
        hold.entry.map(kernel::Id::uuid).into(),
        hold.reference.clone().into(),
        hold.create_time.micros().into(),
        hold.expire_time.micros().into(),
        hold.end_time.map(Time::micros).into(),
        hold.maker.uuid().into(),
        hold.cost_centre.as_deref().into(),
        hold.acting.map(kernel::Id::uuid).into(),
    ]
}

fn id_values(tenant: Tenant, hold: HoldId) -> Vec<Value> {
    vec![tenant.uuid().into(), hold.uuid().into()]
}

/// Reads holds in the order of the statement, each with its lots.
async fn read(conn: &impl ConnectionTrait, sql: &str, parameters: Vec<Value>) -> Result<Vec<Hold>, Fault> {
    let rows = select(conn, sql, parameters).await?;
    let mut holds = rows.iter().map(hold_row).collect::<Result<Vec<Hold>, Fault>>()?;
    let mut parts = parts(conn, &holds).await?;
    for hold in &mut holds {
        hold.parts = parts.remove(&hold.id).unwrap_or_default();
    }
    Ok(holds)
}

fn hold_row(row: &QueryResult) -> Result<Hold, Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let id = HoldId::from_uuid(columns.take()?);
    let account = AccountKey {
        tenant,
        member: MemberId::from_uuid(columns.take()?),
        asset: columns.take::<String>()?.into(),
    };
    let amount = columns.take()?;
    let state = columns.take()?;
    let hold = Hold {
        id,
        maker: account.member,
        acting: None,
        account,
        amount,
        state: HoldState::from_number(state).ok_or_else(|| unreadable("hold", format!("the state {state}")))?,
        parts: Vec::new(),
        captured: columns.take()?,
        entry: columns.take::<Option<Uuid>>()?.map(EntryId::from_uuid),
        reference: columns.take()?,
        create_time: columns.time()?,
        expire_time: columns.time()?,
        end_time: columns.optional_time()?,
        cost_centre: None,
    };
    // Of a hold that was made before this was kept, whose it was then is not known.
    let maker = columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid);
    Ok(Hold {
        maker: maker.unwrap_or(hold.maker),
        cost_centre: columns.take::<Option<String>>()?.map(Into::into),
        acting: columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid),
        ..hold
    })
}

/// The lots of holds, in the order of spending.
async fn parts(conn: &impl ConnectionTrait, holds: &[Hold]) -> Result<BTreeMap<HoldId, Vec<HeldPart>>, Fault> {
    let mut parts: BTreeMap<HoldId, Vec<HeldPart>> = BTreeMap::new();
    for holds in holds.chunks(KEYS_MAX) {
        let rows = holds
            .iter()
            .map(|hold| id_values(hold.account.tenant, hold.id))
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows);
        let sql = format!(
            "SELECT t.hold_id, t.lot_id, t.expire_time, t.amount FROM {} ORDER BY t.hold_id, t.expire_time, t.lot_id",
            look_up(backend, &list, "hold_lot", OF_HOLD)
        );
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            let hold = HoldId::from_uuid(columns.take()?);
            parts.entry(hold).or_default().push(HeldPart {
                lot: LotId::from_uuid(columns.take()?),
                expire_time: columns.time()?,
                amount: columns.take()?,
            });
        }
    }
    Ok(parts)
}
