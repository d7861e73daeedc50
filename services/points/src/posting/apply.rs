use fault::Fault;
use ledger::{AccountKey, Effects, Entry, EntryKind, Lot, LotAmount, State};
use sea_orm::Value;
use store::{Tx, insert_rows};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::adjustment::rows::write_adjustments;
use crate::hold::rows::write_holds;

/// Writes what was decided: entries, their lots, and the accounts and lots as they are at the end, each row once whatever
/// the number of postings. A handful of statements, however many postings there were.
pub(crate) async fn apply(tx: &Tx, state: &State, effects: &[&Effects]) -> Result<(), Fault> {
    let entries: Vec<&Entry> = effects.iter().flat_map(|effects| &effects.entries).collect();
    insert_entries(tx, &entries).await?;
    insert_entry_lots(tx, &entries).await?;
    write_lots(tx, state).await?;
    write_holds(tx, state).await?;
    write_adjustments(tx, state).await?;
    write_accounts(tx, state).await?;
    crate::liability::counters::add_counters(tx, state, &entries).await
}

async fn insert_entries(tx: &Tx, entries: &[&Entry]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO entry (tenant_id, entry_id, member_id, asset_code, sequence, kind, amount, balance, \
         post_time, lot_expire_time, reference, reverses_entry_id, activity_id, rule_code, rule_version, inputs_digest, \
         counterpart_member_id, hold_id, debt, adjustment_id, cost_centre, acting_member_id)";
    let rows = entries.iter().map(|entry| {
        let [tenant, member, asset] = key_values(&entry.account);
        let earned_by = entry.earned_by.as_ref();
        vec![
            tenant,
            entry.id.uuid().into(),
            member,
            asset,
            entry.sequence.into(),
            entry.kind.number().into(),
            entry.amount.into(),
            entry.balance.into(),
            entry.post_time.micros().into(),
            entry.lot_expire_time.map(kernel::Time::micros).into(),
            entry.reference.clone().into(),
            entry.reverses.map(kernel::Id::uuid).into(),
            earned_by.map(|by| by.activity.uuid()).into(),
            earned_by.map(|by| by.rule_code.clone()).into(),
            earned_by.map(|by| by.rule_version).into(),
            earned_by.map(|by| by.inputs_digest.clone()).into(),
            entry.counterpart.map(kernel::Id::uuid).into(),
            entry.hold.map(kernel::Id::uuid).into(),
            entry.debt.into(),
            entry.adjustment.map(kernel::Id::uuid).into(),
            entry.cost_centre.as_deref().into(),
            entry.acting.map(kernel::Id::uuid).into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), "").await?;
    Ok(())
}

/// The lots of all entries but earns, whose one lot bears their own number.
async fn insert_entry_lots(tx: &Tx, entries: &[&Entry]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO entry_lot (tenant_id, entry_id, lot_id, amount, expire_time, regranted)";
    let parts = entries.iter().filter(|entry| entry.kind != EntryKind::Earn);
    let rows: Vec<Vec<Value>> = parts
        .flat_map(|entry| entry.lots.iter().map(|part| entry_lot_values(entry, part)))
        .collect();
    insert_rows(&**tx, INSERT, rows, "").await?;
    Ok(())
}

fn entry_lot_values(entry: &Entry, part: &LotAmount) -> Vec<Value> {
    vec![
        entry.account.tenant.uuid().into(),
        entry.id.uuid().into(),
        part.lot.uuid().into(),
        part.amount.into(),
        part.expire_time.micros().into(),
        part.regranted.into(),
    ]
}

/// New lots are inserted, changed ones get what is left of them and their holder.
async fn write_lots(tx: &Tx, state: &State) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO lot (tenant_id, lot_id, member_id, asset_code, granted, remaining, open, grant_time, \
         expire_time, held, entry_id, pending, available_time, cost_centre)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, lot_id) DO UPDATE SET \
         member_id = excluded.member_id, remaining = excluded.remaining, open = excluded.open, \
         held = excluded.held, pending = excluded.pending";
    let lots = state
        .accounts()
        .flat_map(|(key, account)| account.changed_lots().map(move |lot| lot_values(key, lot)));
    let rows: Vec<Vec<Value>> = lots.collect();
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    Ok(())
}

/// The number of a lot's entry, where the lot does not bear it.
fn own_entry(lot: &Lot) -> Option<Uuid> {
    let entry = lot.entry.uuid();
    (entry != lot.id.uuid()).then_some(entry)
}

fn lot_values(key: &AccountKey, lot: &Lot) -> Vec<Value> {
    let [tenant, member, asset] = key_values(key);
    vec![
        tenant,
        lot.id.uuid().into(),
        member,
        asset,
        lot.granted.into(),
        lot.remaining.into(),
        lot.is_open().into(),
        lot.grant_time.micros().into(),
        lot.expire_time.micros().into(),
        lot.held.into(),
        own_entry(lot).into(),
        lot.pending.into(),
        lot.available_time.map(kernel::Time::micros).into(),
        lot.cost_centre.as_deref().into(),
    ]
}

/// The accounts' rows are locked and exist. That their sequence only grows is checked once more by the statement itself.
async fn write_accounts(tx: &Tx, state: &State) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO account (tenant_id, member_id, asset_code, balance, sequence, moved_to_member_id, held, debt, \
         pending, idle_time, change_time, moved_debt)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, member_id, asset_code) DO UPDATE SET balance = excluded.balance, \
         sequence = excluded.sequence, moved_to_member_id = excluded.moved_to_member_id, held = excluded.held, \
         debt = excluded.debt, pending = excluded.pending, idle_time = excluded.idle_time, \
         change_time = excluded.change_time, moved_debt = excluded.moved_debt WHERE account.sequence <= excluded.sequence";
    let changed = state
        .accounts()
        .filter(|(_, account)| account.changed())
        .map(|(key, account)| {
            let [tenant, member, asset] = key_values(key);
            vec![
                tenant,
                member,
                asset,
                account.balance.into(),
                account.sequence.into(),
                account.moved_to.map(kernel::Id::uuid).into(),
                account.held.into(),
                account.debt.into(),
                account.pending.into(),
                account.idle_time.map(kernel::Time::micros).into(),
                account.moment(state.now).micros().into(),
                account.moved_debt.into(),
            ]
        });
    let rows: Vec<Vec<Value>> = changed.collect();
    let wanted = u64::try_from(rows.len()).map_err(Fault::internal)?;
    let written = insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    if written == wanted {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}
