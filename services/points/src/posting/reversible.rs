use std::collections::HashMap;

use fault::Fault;
use kernel::{Exact, Tenant, Time};
use ledger::{EntryId, EntryKind, LotId, MemberId, Part, Reversible};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, Tx, look_up, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, LedgerColumns, select};

const COLUMNS: [Column; 2] = [Column::Uuid, Column::Uuid];
const MATCHES: &str = "t.tenant_id = k.column1 AND t.entry_id = k.column2";
const REVERSES: &str =
    "t.tenant_id = k.column1 AND t.reverses_entry_id = k.column2 AND t.reverses_entry_id IS NOT NULL";

/// Entries that are to be reversed, with their lots and with what has been reversed of each. Its cost grows with how often
/// these entries were reversed, not with the account.
pub(crate) async fn reversibles(tx: &Tx, ids: &[(Tenant, EntryId)]) -> Result<Vec<Reversible>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS_MAX) {
        let mut parts = parts(tx, ids).await?;
        let reversed = reversed(tx, ids).await?;
        let owed = owed(tx, ids).await?;
        for mut entry in entries(tx, ids).await? {
            if let Some(spent) = parts.remove(&entry.entry) {
                entry.parts = spent;
            }
            for part in &mut entry.parts {
                part.reversed = reversed.get(&(entry.entry, part.lot)).copied().unwrap_or(0);
            }
            let of_entry = reversed.iter().filter(|((id, _), _)| *id == entry.entry);
            let owed = owed.get(&entry.entry).copied().unwrap_or(0);
            entry.reversed = of_entry.fold(owed, |sum, (_, amount)| sum.exact_add(*amount));
            found.push(entry);
        }
    }
    Ok(found)
}

async fn entries(tx: &Tx, ids: &[(Tenant, EntryId)]) -> Result<Vec<Reversible>, Fault> {
    let (list, parameters) = list(tx, ids);
    let found = look_up(tx.get_database_backend(), &list, "entry", MATCHES);
    let sql =
        format!("SELECT t.entry_id, t.member_id, t.kind, t.amount, t.lot_expire_time, t.cost_centre FROM {found}");
    let rows = select(&**tx, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let entry = EntryId::from_uuid(columns.take()?);
            let member = MemberId::from_uuid(columns.take()?);
            let kind = columns.entry_kind()?;
            let amount = columns.take::<i64>()?.saturating_abs();
            let granted = columns.optional_time()?.filter(|_| kind == EntryKind::Earn);
            let own = granted.map(|expire_time| part(LotId::from_uuid(entry.uuid()), expire_time, amount));
            Ok(Reversible {
                entry,
                member,
                kind,
                amount,
                reversed: 0,
                parts: own.into_iter().collect(),
                cost_centre: columns.take::<Option<String>>()?.map(Into::into),
            })
        })
        .collect()
}

/// The lots that each entry spent.
async fn parts(tx: &Tx, ids: &[(Tenant, EntryId)]) -> Result<HashMap<EntryId, Vec<Part>>, Fault> {
    let (list, parameters) = list(tx, ids);
    let found = look_up(tx.get_database_backend(), &list, "entry_lot", MATCHES);
    let sql = format!("SELECT t.entry_id, t.lot_id, t.expire_time, t.amount FROM {found}");
    let mut parts: HashMap<EntryId, Vec<Part>> = HashMap::new();
    for row in select(&**tx, &sql, parameters).await? {
        let mut columns = Columns::of(&row);
        let entry = EntryId::from_uuid(columns.take()?);
        let (lot, expire_time) = (LotId::from_uuid(columns.take()?), columns.time()?);
        let amount = columns.take::<i64>()?.saturating_abs();
        parts.entry(entry).or_default().push(part(lot, expire_time, amount));
    }
    Ok(parts)
}

/// What has come back, by the entry that was reversed and the lot.
async fn reversed(tx: &Tx, ids: &[(Tenant, EntryId)]) -> Result<HashMap<(EntryId, LotId), i64>, Fault> {
    let (list, parameters) = list(tx, ids);
    let backend = tx.get_database_backend();
    let reversals = look_up(backend, &list, "entry", REVERSES);
    let reversals =
        format!("(SELECT t.tenant_id AS column1, t.entry_id AS column2, k.column2 AS column3 FROM {reversals})");
    let sql = format!(
        "SELECT k.column3, t.lot_id, CAST(SUM(t.amount) AS BIGINT) FROM {} GROUP BY k.column3, t.lot_id",
        look_up(backend, &reversals, "entry_lot", MATCHES)
    );
    let rows = select(&**tx, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let key = (
                EntryId::from_uuid(columns.take::<Uuid>()?),
                LotId::from_uuid(columns.take()?),
            );
            Ok((key, columns.take::<i64>()?.saturating_abs()))
        })
        .collect()
}

/// What could not be taken back of earns and is owed, or was and has been repaid, by the entry that was reversed.
async fn owed(tx: &Tx, ids: &[(Tenant, EntryId)]) -> Result<HashMap<EntryId, i64>, Fault> {
    let (list, parameters) = list(tx, ids);
    let sql = format!(
        "SELECT t.reverses_entry_id, CAST(SUM(t.debt) AS BIGINT) FROM {} GROUP BY t.reverses_entry_id",
        look_up(tx.get_database_backend(), &list, "entry", REVERSES)
    );
    let rows = select(&**tx, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((EntryId::from_uuid(columns.take()?), columns.take()?))
        })
        .collect()
}

fn part(lot: LotId, expire_time: Time, amount: i64) -> Part {
    Part {
        lot,
        expire_time,
        amount,
        reversed: 0,
    }
}

fn list(tx: &Tx, ids: &[(Tenant, EntryId)]) -> (String, Vec<Value>) {
    let rows = ids
        .iter()
        .map(|(tenant, entry)| vec![tenant.uuid().into(), entry.uuid().into()])
        .collect();
    values(tx.get_database_backend(), 1, &COLUMNS, rows)
}
