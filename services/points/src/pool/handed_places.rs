use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{Fate, HandedPlace, MemberId, Pool, PoolId, PoolMember};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Tx, insert_rows, statement, unreadable};

use crate::store::row::select;

/// Remembers what a merge did to a place. What the survivor has of its own may change by the undo of another merge.
pub(crate) async fn save_handed_place(tx: &Tx, pool: &Pool, handed: &HandedPlace) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO handed_place (tenant_id, absorbed_id, pool_id, survivor_id, fate, invite_time, join_time, \
         owned, heir_id, own_invite_time, own_join_time)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, absorbed_id, pool_id) DO UPDATE SET own_invite_time = excluded.own_invite_time, \
         own_join_time = excluded.own_join_time";
    let row = vec![
        pool.tenant.uuid().into(),
        handed.place.member.uuid().into(),
        pool.id.uuid().into(),
        handed.survivor.uuid().into(),
        handed.fate.number().into(),
        handed.place.invite_time.micros().into(),
        handed.place.join_time.map(Time::micros).into(),
        handed.owned.into(),
        handed.heir.uuid().into(),
        handed.own.as_ref().map(|own| own.invite_time.micros()).into(),
        handed
            .own
            .as_ref()
            .and_then(|own| own.join_time)
            .map(Time::micros)
            .into(),
    ];
    insert_rows(&**tx, INSERT, vec![row], CHANGE).await?;
    Ok(())
}

const SELECT: &str = "SELECT pool_id, absorbed_id, survivor_id, fate, invite_time, join_time, owned, heir_id, own_invite_time, \
     own_join_time FROM handed_place";

/// What the merge of a member did to its places, by their pools.
pub(crate) async fn handed_places(
    tx: &Tx,
    tenant: Tenant,
    absorbed: MemberId,
) -> Result<BTreeMap<PoolId, HandedPlace>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND absorbed_id = $2");
    let rows = select(&**tx, &sql, [tenant.uuid().into(), absorbed.uuid().into()]).await?;
    rows.iter().map(handed_row).collect()
}

/// What merges did to places in a pool that they handed to a survivor, but for that of one member.
pub(crate) async fn others_handed_to(
    tx: &Tx,
    pool: &Pool,
    survivor: MemberId,
    absorbed: MemberId,
) -> Result<Vec<HandedPlace>, Fault> {
    let sql = format!(
        "{SELECT} WHERE tenant_id = $1 AND pool_id = $2 AND survivor_id = $3 AND absorbed_id <> $4 \
         ORDER BY invite_time, absorbed_id"
    );
    let parameters: [Value; 4] = [
        pool.tenant.uuid().into(),
        pool.id.uuid().into(),
        survivor.uuid().into(),
        absorbed.uuid().into(),
    ];
    let rows = select(&**tx, &sql, parameters).await?;
    rows.iter().map(|row| Ok(handed_row(row)?.1)).collect()
}

fn handed_row(row: &QueryResult) -> Result<(PoolId, HandedPlace), Fault> {
    let mut columns = Columns::of(row);
    let (pool, absorbed) = (PoolId::from_uuid(columns.take()?), MemberId::from_uuid(columns.take()?));
    let survivor = MemberId::from_uuid(columns.take()?);
    let fate = columns.take()?;
    let place = PoolMember {
        member: absorbed,
        invite_time: columns.time()?,
        join_time: columns.optional_time()?,
    };
    let (owned, heir) = (columns.take()?, MemberId::from_uuid(columns.take()?));
    let (own_invite, own_join) = (columns.optional_time()?, columns.optional_time()?);
    let handed = HandedPlace {
        place,
        survivor,
        fate: Fate::from_number(fate).ok_or_else(|| unreadable("handed_place", format!("the fate {fate}")))?,
        owned,
        heir,
        own: own_invite.map(|invite_time| PoolMember {
            member: survivor,
            invite_time,
            join_time: own_join,
        }),
    };
    Ok((pool, handed))
}

/// Forgets what the merge of a member did: it has been undone.
pub(crate) async fn forget_handed_places(tx: &Tx, tenant: Tenant, absorbed: MemberId) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM handed_place WHERE tenant_id = $1 AND absorbed_id = $2";
    let parameters = [tenant.uuid().into(), absorbed.uuid().into()];
    tx.execute_raw(statement(&**tx, FORGET, parameters)).await?;
    Ok(())
}

/// The pools that a member owned when they were dissolved.
pub(crate) async fn dissolved_pools_of(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    owner: MemberId,
) -> Result<Vec<PoolId>, Fault> {
    const DISSOLVED: &str =
        "SELECT pool_id FROM pool WHERE tenant_id = $1 AND owner_member_id = $2 AND dissolve_time IS NOT NULL";
    let rows = select(conn, DISSOLVED, [tenant.uuid().into(), owner.uuid().into()]).await?;
    rows.iter()
        .map(|row| Ok(PoolId::from_uuid(Columns::of(row).take()?)))
        .collect()
}
