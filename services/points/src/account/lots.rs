use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, AssetCode, EntryId, Lot, LotId, LotKey, MemberId};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Column, Columns, Tx, look_up, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, free_account, select};

/// How many lots of each account are read at a time: of most accounts the first few suffice, and an account with ten
/// thousand costs no more than one with ten. Who needs more reads on by larger pages.
pub(crate) const LOTS_PER_PAGE: [usize; 3] = [8, 64, 512];

/// A lot with whose it is.
pub(crate) struct LotRow {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) asset: AssetCode,
    pub(crate) lot: Lot,
}

const SELECT: &str = "tenant_id, member_id, asset_code, lot_id, granted, remaining, grant_time, expire_time, held, entry_id, \
     pending, available_time, cost_centre";

/// Where the reading of an account's open lots begins.
pub(crate) const FIRST: LotKey = (Time::from_micros(i64::MIN), LotId::from_uuid(Uuid::nil()));

/// The next page of open lots of each account, after its cursor, in the order of spending; so many of each at the most.
pub(crate) async fn open_lots(
    tx: &Tx,
    accounts: &[(AccountKey, LotKey)],
    lots_max: usize,
) -> Result<Vec<LotRow>, Fault> {
    let backend = tx.get_database_backend();
    let limit = i64::try_from(lots_max).map_err(Fault::internal)?;
    let found = after_cursor(backend);
    let mut lots = Vec::new();
    for accounts in accounts.chunks(KEYS_MAX) {
        let rows = accounts.iter().map(|(key, (expire_time, lot))| {
            let key = super::rows::key_values(key).into_iter();
            key.chain([expire_time.micros().into(), lot.uuid().into()]).collect()
        });
        let (list, parameters) = values(backend, 2, &CURSOR, rows.collect());
        let sql = format!("SELECT {SELECT} FROM {}", look_up(backend, &list, "lot", found));
        let parameters = std::iter::once(limit.into()).chain(parameters);
        for row in select(&**tx, &sql, parameters).await? {
            lots.push(lot_row(&row)?);
        }
    }
    Ok(lots)
}

const CURSOR: [Column; 5] = [Column::Uuid, Column::Uuid, Column::Text, Column::Int, Column::Uuid];

/// The rows of a page, at most `$1` for each account. PostgreSQL stops after so many rows of the index; SQLite, which
/// cannot limit what a join reads for each row, looks up so many row numbers by the same index.
fn after_cursor(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "t.rowid IN (SELECT l.rowid FROM lot AS l WHERE l.tenant_id = k.column1 AND l.member_id = k.column2 \
             AND l.asset_code = k.column3 AND l.open AND (l.expire_time, l.lot_id) > (k.column4, k.column5) \
             ORDER BY l.expire_time, l.lot_id LIMIT $1)"
        }
        _ => {
            "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.asset_code = k.column3 AND t.open \
             AND (t.expire_time, t.lot_id) > (k.column4, k.column5) ORDER BY t.expire_time, t.lot_id LIMIT $1"
        }
    }
}

/// Lots by their ids, open or not.
pub(crate) async fn lots_by_id(tx: &Tx, ids: &[(Tenant, LotId)]) -> Result<Vec<LotRow>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS_MAX) {
        let rows = ids
            .iter()
            .map(|(tenant, lot)| vec![tenant.uuid().into(), lot.uuid().into()])
            .collect();
        let (list, parameters) = values(tx.get_database_backend(), 1, &[Column::Uuid, Column::Uuid], rows);
        let matches = "t.tenant_id = k.column1 AND t.lot_id = k.column2";
        let lots = look_up(tx.get_database_backend(), &list, "lot", matches);
        let sql = format!("SELECT {SELECT} FROM {lots}");
        for row in select(&**tx, &sql, parameters).await? {
            found.push(lot_row(&row)?);
        }
    }
    Ok(found)
}

fn lot_row(row: &QueryResult) -> Result<LotRow, Fault> {
    let mut columns = Columns::of(row);
    Ok(LotRow {
        tenant: columns.tenant()?,
        member: MemberId::from_uuid(columns.take()?),
        asset: columns.take::<String>()?.into(),
        lot: lot_columns(&mut columns)?,
    })
}

fn lot_columns(columns: &mut Columns<'_>) -> Result<Lot, Fault> {
    let id: Uuid = columns.take()?;
    let lot = Lot {
        id: LotId::from_uuid(id),
        // Most lots bear their entry's number.
        entry: EntryId::from_uuid(id),
        granted: columns.take()?,
        remaining: columns.take()?,
        grant_time: columns.time()?,
        expire_time: columns.time()?,
        held: columns.take()?,
        pending: 0,
        available_time: None,
        cost_centre: None,
    };
    let entry = columns.take::<Option<Uuid>>()?;
    Ok(Lot {
        entry: entry.map_or(lot.entry, EntryId::from_uuid),
        pending: columns.take()?,
        available_time: columns.optional_time()?,
        cost_centre: columns.take::<Option<String>>()?.map(Into::into),
        ..lot
    })
}

/// A page of a member's lots that can be spent at `now`, after a cursor.
pub(crate) async fn list_lots(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    now: Time,
    after: Option<LotKey>,
    limit: i64,
) -> Result<Vec<Lot>, Fault> {
    // What expires at `now` cannot be spent any more; the largest id stands before all that expires later.
    let (expire_time, lot) = after.unwrap_or((now, LotId::from_uuid(Uuid::max())));
    let sql = format!(
        "SELECT {SELECT} FROM lot WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND open \
         AND (expire_time, lot_id) > ($4, $5) AND expire_time > $6 \
         AND NOT EXISTS (SELECT 1 FROM account AS a WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.asset_code = $3 \
             AND a.idle_time <= $6) ORDER BY expire_time, lot_id LIMIT $7"
    );
    let [tenant, member, asset] = super::rows::key_values(key);
    let parameters = [
        tenant,
        member,
        asset,
        expire_time.micros().into(),
        lot.uuid().into(),
        now.micros().into(),
        limit.into(),
    ];
    let rows = select(conn, &sql, parameters).await?;
    rows.iter().map(|row| Ok(lot_row(row)?.lot)).collect()
}

/// The pending lots of accounts.
pub(crate) async fn pending_lots(tx: &Tx, accounts: &BTreeSet<AccountKey>) -> Result<Vec<LotRow>, Fault> {
    let accounts: Vec<&AccountKey> = accounts.iter().collect();
    let mut found = Vec::new();
    for accounts in accounts.chunks(KEYS_MAX) {
        let rows = accounts
            .iter()
            .map(|key| super::rows::key_values(key).to_vec())
            .collect();
        let columns = [Column::Uuid, Column::Uuid, Column::Text];
        let backend = tx.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, rows);
        let on = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.asset_code = k.column3 AND t.pending > 0";
        let sql = format!("SELECT {SELECT} FROM {}", look_up(backend, &list, "lot", on));
        for row in select(&**tx, &sql, parameters).await? {
            found.push(lot_row(&row)?);
        }
    }
    Ok(found)
}

/// The pending earns of accounts with a reference each, in the order in which they were earned. Its cost grows with how much
/// is pending there.
pub(crate) async fn waiting_earns(
    tx: &Tx,
    wanted: &BTreeSet<(&AccountKey, &str)>,
) -> Result<Vec<(EntryId, AccountKey, String)>, Fault> {
    const COLUMNS: [Column; 4] = [Column::Uuid, Column::Uuid, Column::Text, Column::Text];
    const MATCHES: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.asset_code = k.column3 \
         AND t.pending > 0 AND EXISTS (SELECT 1 FROM entry AS e WHERE e.tenant_id = t.tenant_id \
             AND e.entry_id = t.lot_id AND e.reference = k.column4)";
    let wanted: Vec<&(&AccountKey, &str)> = wanted.iter().collect();
    let backend = tx.get_database_backend();
    let mut found = Vec::new();
    for wanted in wanted.chunks(KEYS_MAX) {
        let rows = wanted.iter().map(|(key, reference)| {
            let key = super::rows::key_values(key).into_iter();
            key.chain([(*reference).into()]).collect()
        });
        let (list, parameters) = values(backend, 1, &COLUMNS, rows.collect());
        let sql = format!(
            "SELECT t.lot_id, t.tenant_id, t.member_id, t.asset_code, k.column4 FROM {}",
            look_up(backend, &list, "lot", MATCHES)
        );
        for row in select(&**tx, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            let entry = EntryId::from_uuid(columns.take()?);
            let key = AccountKey {
                tenant: columns.tenant()?,
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
            };
            found.push((entry, key, columns.take()?));
        }
    }
    found.sort();
    Ok(found)
}

/// The pending earns of a tenant whose time has come by `now`, those first that have waited longest.
pub(crate) async fn due_pending(
    conn: &impl ConnectionTrait,
    queue: &'static str,
    tenant: Tenant,
    now: Time,
    limit: i64,
) -> Result<Vec<(AccountKey, EntryId)>, Fault> {
    let free = free_account(conn.get_database_backend(), queue, "l");
    let due = format!(
        "SELECT l.member_id, l.asset_code, l.lot_id FROM lot AS l \
         WHERE l.tenant_id = $1 AND l.pending > 0 AND l.available_time <= $2 AND NOT EXISTS (SELECT 1 FROM account AS a \
             WHERE a.tenant_id = l.tenant_id AND a.member_id = l.member_id AND a.asset_code = l.asset_code \
             AND a.frozen_time IS NOT NULL) AND {free} \
         ORDER BY l.available_time, l.lot_id LIMIT $3"
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
            Ok((account, EntryId::from_uuid(columns.take()?)))
        })
        .collect()
}

/// A lot whose time has come.
pub(crate) struct DueLot {
    pub(crate) account: AccountKey,
    pub(crate) lot: LotId,
}

/// The lots of a tenant whose time has come by `now`, those first that have waited longest. Those of frozen accounts wait.
pub(crate) async fn due_lots(
    conn: &impl ConnectionTrait,
    queue: &'static str,
    tenant: Tenant,
    now: Time,
    limit: i64,
) -> Result<Vec<DueLot>, Fault> {
    let free = free_account(conn.get_database_backend(), queue, "l");
    let due = format!(
        "SELECT l.member_id, l.asset_code, l.lot_id FROM lot AS l \
         WHERE l.tenant_id = $1 AND l.open AND l.expire_time <= $2 AND NOT EXISTS (SELECT 1 FROM account AS a \
             WHERE a.tenant_id = l.tenant_id AND a.member_id = l.member_id AND a.asset_code = l.asset_code \
             AND a.frozen_time IS NOT NULL) AND {free} \
         ORDER BY l.expire_time, l.lot_id LIMIT $3"
    );
    let rows = select(conn, &due, [tenant.uuid().into(), now.micros().into(), limit.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let member = MemberId::from_uuid(columns.take()?);
            let account = AccountKey {
                tenant,
                member,
                asset: columns.take::<String>()?.into(),
            };
            Ok(DueLot {
                account,
                lot: LotId::from_uuid(columns.take()?),
            })
        })
        .collect()
}
