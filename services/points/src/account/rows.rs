use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, Frozen, MemberId, Standing};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, Tx, for_update, insert_rows, look_up, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, free_account, select};

/// A locked account.
pub(crate) struct AccountRow {
    pub(crate) key: AccountKey,
    pub(crate) standing: Standing,
    pub(crate) frozen: Option<Frozen>,
    pub(crate) change_time: Time,
}

pub(crate) const COLUMNS: [Column; 3] = [Column::Uuid, Column::Uuid, Column::Text];
pub(crate) const MATCHES: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.asset_code = k.column3";

/// Locks accounts until the end of the transaction, all in the one order of their keys, and creates those that are not
/// there yet.
///
/// A transaction that locks several creates the missing ones first, while it holds no other lock: two that want the same missing
/// account would otherwise wait for each other. One account alone cannot deadlock, so it is only created if missing.
pub(crate) async fn lock(tx: &Tx, keys: &BTreeSet<AccountKey>) -> Result<Vec<AccountRow>, Fault> {
    if keys.len() == 1 {
        let found = lock_existing(tx, keys).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    create_missing(tx, keys).await?;
    let locked = lock_existing(tx, keys).await?;
    assert!(
        locked.len() == keys.len(),
        "{} of {} accounts were locked",
        locked.len(),
        keys.len()
    );
    Ok(locked)
}

/// Locks one account, if there is one.
pub(crate) async fn lock_one(tx: &Tx, key: &AccountKey) -> Result<Option<AccountRow>, Fault> {
    Ok(lock_existing(tx, &BTreeSet::from([key.clone()])).await?.pop())
}

/// Locks those of these accounts that exist, in the one order of their keys: the list is in that order, and the rows are
/// looked up and locked one after the other.
pub(crate) async fn lock_existing(tx: &Tx, keys: &BTreeSet<AccountKey>) -> Result<Vec<AccountRow>, Fault> {
    let backend = tx.get_database_backend();
    let on = format!("{MATCHES}{}", for_update(backend));
    let keys: Vec<&AccountKey> = keys.iter().collect();
    let mut locked = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS_MAX) {
        let rows = keys.iter().map(|key| key_values(key).to_vec()).collect();
        let (list, parameters) = values(backend, 1, &COLUMNS, rows);
        let found = look_up(backend, &list, "account", &on);
        let sql = format!(
            "SELECT t.tenant_id, t.member_id, t.asset_code, t.balance, t.sequence, t.moved_to_member_id, t.held, t.debt, \
             t.pending, t.idle_time, t.moved_debt, t.frozen_reason, t.frozen_time, t.change_time FROM {found}"
        );
        for row in select(&**tx, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            locked.push(AccountRow {
                key: AccountKey {
                    tenant: columns.tenant()?,
                    member: MemberId::from_uuid(columns.take()?),
                    asset: columns.take::<String>()?.into(),
                },
                standing: Standing {
                    balance: columns.take()?,
                    sequence: columns.take()?,
                    moved_to: columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid),
                    held: columns.take()?,
                    debt: columns.take()?,
                    pending: columns.take()?,
                    idle_time: columns.optional_time()?,
                    moved_debt: columns.take()?,
                },
                frozen: frozen(&mut columns)?,
                change_time: columns.time()?,
            });
        }
    }
    Ok(locked)
}

fn frozen(columns: &mut Columns<'_>) -> Result<Option<Frozen>, Fault> {
    let (reason, time) = (columns.take::<Option<String>>()?, columns.optional_time()?);
    Ok(reason.zip(time).map(|(reason, time)| Frozen { reason, time }))
}

/// Creates those of these accounts that do not exist, in the one order of their keys. Only while no account is locked.
pub(crate) async fn create_missing(tx: &Tx, keys: &BTreeSet<AccountKey>) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO account (tenant_id, member_id, asset_code, balance, sequence)";
    let rows = keys.iter().map(|key| {
        let [tenant, member, asset] = key_values(key);
        vec![tenant, member, asset, 0_i64.into(), 0_i64.into()]
    });
    insert_rows(&**tx, INSERT, rows.collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

pub(crate) fn key_values(key: &AccountKey) -> [Value; 3] {
    [key.tenant.uuid().into(), key.member.uuid().into(), (*key.asset).into()]
}

/// The accounts of a tenant that have been idle for too long by `now`, those first that have waited longest.
pub(crate) async fn idle_accounts(
    conn: &impl ConnectionTrait,
    queue: &'static str,
    tenant: Tenant,
    now: Time,
    limit: i64,
) -> Result<Vec<AccountKey>, Fault> {
    let free = free_account(conn.get_database_backend(), queue, "account");
    let idle = format!(
        "SELECT member_id, asset_code FROM account WHERE tenant_id = $1 AND idle_time <= $2 AND frozen_time IS NULL \
         AND {free} ORDER BY idle_time, member_id, asset_code LIMIT $3"
    );
    let rows = select(conn, &idle, [tenant.uuid().into(), now.micros().into(), limit.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(AccountKey {
                tenant,
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
            })
        })
        .collect()
}
