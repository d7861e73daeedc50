//! What goes back when a merge is undone, and what of that waits.

use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use ledger::{AccountKey, EntryId, LotId, MemberId};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, Tx, insert_rows, look_up, statement, values};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::store::row::{KEYS_MAX, select};

/// All members whose ids lead to this one, and itself.
pub(crate) async fn led_to(tx: &Tx, tenant: Tenant, member: MemberId) -> Result<BTreeSet<MemberId>, Fault> {
    const LED: &str = "SELECT from_id FROM redirect WHERE tenant_id = $1 AND to_id = $2";
    let rows = select(&**tx, LED, [tenant.uuid().into(), member.uuid().into()]).await?;
    let mut members = BTreeSet::from([member]);
    for row in &rows {
        members.insert(MemberId::from_uuid(Columns::of(row).take()?));
    }
    Ok(members)
}

/// Whose a lot `k` is, of which the columns are the tenant, the lot and its entry `t`: that of the member who kept all of it
/// when another one was parted from it; else of the member it was granted to, by an entry or, in the place of a lot that had
/// expired or gone, by the reversal of one.
const OWNER: &str = "COALESCE((SELECT o.owner_id FROM kept_lot AS o WHERE o.tenant_id = k.column1 AND o.lot_id = k.column2), \
     (SELECT r.member_id FROM entry AS r WHERE r.tenant_id = k.column1 AND r.entry_id = t.reverses_entry_id), \
     t.member_id)";

/// The entry of a lot `k`.
const OF_LOT: &str = "t.tenant_id = k.column1 AND t.entry_id = k.column3";

/// The lots of a locked account that have something left, held or pending and are of these members.
pub(crate) async fn lots_of_members(
    tx: &Tx,
    account: &AccountKey,
    members: &BTreeSet<MemberId>,
) -> Result<BTreeSet<LotId>, Fault> {
    // One branch for each of the three partial indexes.
    const LIVE: &str = "SELECT l.tenant_id AS column1, l.lot_id AS column2, COALESCE(l.entry_id, l.lot_id) AS column3 \
         FROM lot AS l WHERE l.tenant_id = $1 AND l.member_id = $2 AND l.asset_code = $3 AND";
    let lots = format!("({LIVE} l.open AND l.expire_time >= $4 UNION {LIVE} l.held > 0 UNION {LIVE} l.pending > 0)");
    let sql = format!(
        "SELECT k.column2, {OWNER} FROM {}",
        look_up(tx.get_database_backend(), &lots, "entry", OF_LOT)
    );
    let [tenant, member, asset] = key_values(account);
    let rows = select(&**tx, &sql, [tenant, member, asset, i64::MIN.into()]).await?;
    let mut lots = BTreeSet::new();
    for row in &rows {
        let mut columns = Columns::of(row);
        let lot = LotId::from_uuid(columns.take()?);
        if members.contains(&MemberId::from_uuid(columns.take()?)) {
            lots.insert(lot);
        }
    }
    Ok(lots)
}

/// Whose these lots are today, by the entries that granted them: their members may have been merged into others.
pub(crate) async fn owners_of_lots(
    tx: &Tx,
    lots: Vec<(Tenant, LotId, EntryId)>,
) -> Result<HashMap<(Tenant, LotId), MemberId>, Fault> {
    const COLUMNS: [Column; 3] = [Column::Uuid, Column::Uuid, Column::Uuid];
    let mut owners = HashMap::with_capacity(lots.len());
    for lots in lots.chunks(KEYS_MAX) {
        let rows = lots
            .iter()
            .map(|(tenant, lot, entry)| vec![tenant.uuid().into(), lot.uuid().into(), entry.uuid().into()]);
        let (list, parameters) = values(tx.get_database_backend(), 1, &COLUMNS, rows.collect());
        let sql = format!(
            "SELECT k.column1, k.column2, COALESCE((SELECT d.to_id FROM redirect AS d \
                 WHERE d.tenant_id = k.column1 AND d.from_id = {OWNER}), {OWNER}) FROM {}",
            look_up(tx.get_database_backend(), &list, "entry", OF_LOT)
        );
        for row in &select(&**tx, &sql, parameters).await? {
            let mut columns = Columns::of(row);
            let lot = (columns.tenant()?, LotId::from_uuid(columns.take()?));
            owners.insert(lot, MemberId::from_uuid(columns.take()?));
        }
    }
    Ok(owners)
}

/// Lots that could have gone back and have not, because all that is left of them is held, are their holder's from now on.
pub(crate) async fn keep_lots(tx: &Tx, holder: &AccountKey, lots: &BTreeSet<LotId>) -> Result<(), Fault> {
    let lots: Vec<&LotId> = lots.iter().collect();
    for lots in lots.chunks(KEYS_MAX) {
        let rows = lots.iter().map(|lot| vec![lot.uuid().into()]).collect();
        let (list, parameters) = values(tx.get_database_backend(), 3, &[Column::Uuid], rows);
        let on = "t.tenant_id = $1 AND t.lot_id = k.column1 AND t.member_id = $2 AND t.held > 0";
        let sql = format!(
            "INSERT INTO kept_lot (tenant_id, lot_id, owner_id) SELECT t.tenant_id, t.lot_id, t.member_id FROM {} \
             ON CONFLICT (tenant_id, lot_id) DO UPDATE SET owner_id = excluded.owner_id",
            look_up(tx.get_database_backend(), &list, "lot", on)
        );
        let of_holder = [holder.tenant.uuid().into(), holder.member.uuid().into()];
        let parameters: Vec<Value> = of_holder.into_iter().chain(parameters).collect();
        tx.execute_raw(statement(&**tx, &sql, parameters)).await?;
    }
    Ok(())
}

/// Opens an account that had been closed by a merge, while what goes back to it waits for a frozen one. It is locked.
pub(crate) async fn reopen(tx: &Tx, key: &AccountKey) -> Result<(), Fault> {
    // What was owed when it was closed is still to come back.
    const REOPEN: &str = "UPDATE account SET moved_to_member_id = NULL \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3";
    tx.execute_raw(statement(&**tx, REOPEN, key_values(key))).await?;
    Ok(())
}

/// A return that waits for a frozen account: what goes back, from whom, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingReturn {
    pub(crate) restored: AccountKey,
    pub(crate) survivor: MemberId,
}

/// Lets a return wait.
pub(crate) async fn wait_for_return(tx: &Tx, waiting: &WaitingReturn) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO waiting_return (tenant_id, restored_id, survivor_id, asset_code)";
    let [tenant, restored, asset] = key_values(&waiting.restored);
    let row = vec![tenant, restored, waiting.survivor.uuid().into(), asset];
    insert_rows(&**tx, INSERT, vec![row], "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// The returns that wait for an account, on either side.
pub(crate) async fn waiting_returns(tx: &Tx, key: &AccountKey) -> Result<Vec<WaitingReturn>, Fault> {
    const WAITING: &str = "SELECT restored_id, survivor_id FROM waiting_return \
         WHERE tenant_id = $1 AND (restored_id = $2 OR survivor_id = $2) AND asset_code = $3 \
         ORDER BY restored_id, survivor_id";
    let rows = select(&**tx, WAITING, key_values(key)).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let restored: Uuid = columns.take()?;
            Ok(WaitingReturn {
                restored: AccountKey {
                    member: MemberId::from_uuid(restored),
                    ..key.clone()
                },
                survivor: MemberId::from_uuid(columns.take()?),
            })
        })
        .collect()
}

/// A return waits no longer.
pub(crate) async fn end_waiting(tx: &Tx, waiting: &WaitingReturn) -> Result<(), Fault> {
    const END: &str = "DELETE FROM waiting_return \
         WHERE tenant_id = $1 AND restored_id = $2 AND asset_code = $3 AND survivor_id = $4";
    let [tenant, restored, asset] = key_values(&waiting.restored);
    let parameters = [tenant, restored, asset, waiting.survivor.uuid().into()];
    tx.execute_raw(statement(&**tx, END, parameters)).await?;
    Ok(())
}
