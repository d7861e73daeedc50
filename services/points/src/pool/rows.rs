use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{MemberId, Pool, PoolId, PoolMember, RedeemPolicy};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, insert_rows, look_up, statement, unreadable, values};

use crate::store::row::{KEYS_MAX, select};

const COLUMNS: &str = "tenant_id, pool_id, asset_code, display_name, owner_member_id, redeem_policy, members_max, version, \
     create_time, dissolve_time";

/// One pool with the places in it.
pub(crate) async fn pool(conn: &impl ConnectionTrait, tenant: Tenant, id: PoolId) -> Result<Pool, Fault> {
    one(conn, tenant, id, "").await
}

/// One pool, locked until the end of the transaction. A transaction that posts, too, locks it before the accounts.
pub(crate) async fn pool_for_update(tx: &Tx, tenant: Tenant, id: PoolId) -> Result<Pool, Fault> {
    one(&**tx, tenant, id, for_update(tx.get_database_backend())).await
}

/// Pools by their ids, those that are there, locked in the one order of their keys until the end of the transaction: before
/// any account.
pub(crate) async fn lock_pools(
    tx: &Tx,
    ids: &BTreeSet<(Tenant, PoolId)>,
) -> Result<HashMap<(Tenant, PoolId), Pool>, Fault> {
    let backend = tx.get_database_backend();
    let on = format!(
        "t.tenant_id = k.column1 AND t.pool_id = k.column2{}",
        for_update(backend)
    );
    let ids: Vec<&(Tenant, PoolId)> = ids.iter().collect();
    let mut locked = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(KEYS_MAX) {
        let keys = ids
            .iter()
            .map(|(tenant, id)| vec![tenant.uuid().into(), id.uuid().into()]);
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys.collect());
        let found = look_up(backend, &list, "pool", &on);
        let rows = select(&**tx, &format!("SELECT {COLUMNS} FROM {found}"), parameters).await?;
        let mut pools = rows.iter().map(pool_row).collect::<Result<Vec<Pool>, Fault>>()?;
        // Only now, that nobody changes them any more.
        read_members(&**tx, &mut pools).await?;
        locked.extend(pools.into_iter().map(|pool| ((pool.tenant, pool.id), pool)));
    }
    Ok(locked)
}

async fn one(conn: &impl ConnectionTrait, tenant: Tenant, id: PoolId, lock: &str) -> Result<Pool, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM pool WHERE tenant_id = $1 AND pool_id = $2{lock}");
    let rows = select(conn, &sql, [tenant.uuid().into(), id.uuid().into()]).await?;
    let row = rows.first().ok_or_else(|| Fault::not_found("pool", id))?;
    let mut pools = vec![pool_row(row)?];
    read_members(conn, &mut pools).await?;
    pools.pop().ok_or_else(|| Fault::not_found("pool", id))
}

/// The pools after one that a member has a place in or is invited to, in the order of their ids.
pub(crate) async fn pools_of(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
    after: PoolId,
    limit: i64,
) -> Result<Vec<Pool>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pool WHERE tenant_id = $1 AND pool_id IN (SELECT m.pool_id FROM pool_member AS m \
         WHERE m.tenant_id = $1 AND m.member_id = $2 AND m.pool_id > $3 ORDER BY m.pool_id LIMIT $4) ORDER BY pool_id"
    );
    let parameters = [
        tenant.uuid().into(),
        member.uuid().into(),
        after.uuid().into(),
        limit.into(),
    ];
    let rows = select(conn, &sql, parameters).await?;
    let mut pools = rows.iter().map(pool_row).collect::<Result<Vec<Pool>, Fault>>()?;
    read_members(conn, &mut pools).await?;
    Ok(pools)
}

/// The pool of an asset that a member has joined.
pub(crate) async fn joined_pool(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
    asset: &str,
) -> Result<Option<PoolId>, Fault> {
    const JOINED: &str = "SELECT pool_id FROM pool_member \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND join_time IS NOT NULL";
    let parameters = [tenant.uuid().into(), member.uuid().into(), asset.into()];
    let rows = select(conn, JOINED, parameters).await?;
    rows.first()
        .map(|row| Ok(PoolId::from_uuid(Columns::of(row).take()?)))
        .transpose()
}

/// The pools that these members have places in or are invited to.
pub(crate) async fn pools_of_members(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<BTreeSet<(Tenant, PoolId)>, Fault> {
    let members: Vec<&(Tenant, MemberId)> = members.iter().collect();
    let mut found = BTreeSet::new();
    for members in members.chunks(KEYS_MAX) {
        let keys = members
            .iter()
            .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys);
        let on = "t.tenant_id = k.column1 AND t.member_id = k.column2";
        let sql = format!(
            "SELECT t.tenant_id, t.pool_id FROM {}",
            look_up(backend, &list, "pool_member", on)
        );
        for row in &select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(row);
            found.insert((columns.tenant()?, PoolId::from_uuid(columns.take()?)));
        }
    }
    Ok(found)
}

/// Writes a pool as it is now, with the places in it. A transaction that changes one has locked it.
pub(crate) async fn save_pool(tx: &Tx, pool: &Pool) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO pool (tenant_id, pool_id, asset_code, display_name, owner_member_id, redeem_policy, \
         members_max, version, create_time, dissolve_time)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, pool_id) DO UPDATE SET display_name = excluded.display_name, \
         owner_member_id = excluded.owner_member_id, redeem_policy = excluded.redeem_policy, \
         members_max = excluded.members_max, version = excluded.version, dissolve_time = excluded.dissolve_time";
    const LEAVE: &str = "DELETE FROM pool_member WHERE tenant_id = $1 AND pool_id = $2";
    const JOIN: &str = "INSERT INTO pool_member (tenant_id, pool_id, member_id, asset_code, invite_time, join_time)";
    let key = || -> [Value; 2] { [pool.tenant.uuid().into(), pool.id.uuid().into()] };
    let [tenant, id] = key();
    let row = vec![
        tenant,
        id,
        (*pool.asset).into(),
        pool.display_name.clone().into(),
        pool.owner.uuid().into(),
        pool.policy.number().into(),
        pool.members_max.into(),
        pool.version.into(),
        pool.create_time.micros().into(),
        pool.dissolve_time.map(Time::micros).into(),
    ];
    insert_rows(&**tx, INSERT, vec![row], CHANGE).await?;
    tx.execute_raw(statement(&**tx, LEAVE, key())).await?;
    let places = pool.members.iter().map(|it| {
        let [tenant, id] = key();
        vec![
            tenant,
            id,
            it.member.uuid().into(),
            (*pool.asset).into(),
            it.invite_time.micros().into(),
            it.join_time.map(Time::micros).into(),
        ]
    });
    let places: Vec<Vec<Value>> = places.collect();
    let wanted = u64::try_from(places.len()).map_err(Fault::internal)?;
    // Somebody of them has joined another pool of the asset meanwhile: the whole is looked at anew.
    if insert_rows(&**tx, JOIN, places, "ON CONFLICT DO NOTHING").await? < wanted {
        return Err(Fault::Contended);
    }
    Ok(())
}

async fn read_members(conn: &impl ConnectionTrait, pools: &mut [Pool]) -> Result<(), Fault> {
    if pools.is_empty() {
        return Ok(());
    }
    let keys = pools
        .iter()
        .map(|pool| vec![pool.tenant.uuid().into(), pool.id.uuid().into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys);
    let on = "t.tenant_id = k.column1 AND t.pool_id = k.column2";
    let sql = format!(
        "SELECT t.tenant_id, t.pool_id, t.member_id, t.invite_time, t.join_time FROM {} \
         ORDER BY t.invite_time, t.member_id",
        look_up(backend, &list, "pool_member", on)
    );
    let mut members: BTreeMap<(Tenant, PoolId), Vec<PoolMember>> = BTreeMap::new();
    for row in &select(conn, &sql, parameters).await? {
        let mut columns = Columns::of(row);
        let key = (columns.tenant()?, PoolId::from_uuid(columns.take()?));
        members.entry(key).or_default().push(PoolMember {
            member: MemberId::from_uuid(columns.take()?),
            invite_time: columns.time()?,
            join_time: columns.optional_time()?,
        });
    }
    for pool in pools {
        pool.members = members.remove(&(pool.tenant, pool.id)).unwrap_or_default();
    }
    Ok(())
}

fn pool_row(row: &QueryResult) -> Result<Pool, Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let (id, asset) = (PoolId::from_uuid(columns.take()?), columns.take::<String>()?);
    let (display_name, owner) = (columns.take()?, MemberId::from_uuid(columns.take()?));
    let policy = columns.take()?;
    Ok(Pool {
        id,
        tenant,
        asset: asset.into(),
        display_name,
        owner,
        policy: RedeemPolicy::from_number(policy).ok_or_else(|| unreadable("pool", format!("the policy {policy}")))?,
        members_max: columns.take()?,
        members: Vec::new(),
        version: columns.take()?,
        create_time: columns.time()?,
        dissolve_time: columns.optional_time()?,
    })
}
