use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use lineage::Redirects;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{
    Column, Columns, Db, Tx, for_update, insert_rows, look_up, looked_up, redirects, statement, stuck, values,
};

use super::{MemberId, MemberKey, ReachedTier, Standing};
use crate::tier::due::PLACEMENTS;
use crate::tier::roster::Outcome;

/// The types of a member's key.
const KEY: &[Column] = &[Column::Uuid, Column::Uuid];
/// Joins a list of members' keys to a table.
const NAMED: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2";
/// Joins a list of the ids of one tenant's members to a table.
pub(crate) const OF_TENANT: &str = "t.tenant_id = $1 AND t.member_id = k.column1";

/// Locks members: until the transaction ends, no other one merges them or changes their tiers. If one was absorbed before
/// the lock was there, the transaction is contended, so that it runs again and follows the redirect.
pub(crate) async fn lock(tx: &Tx, members: &BTreeSet<MemberKey>) -> Result<(), Fault> {
    if members.is_empty() {
        return Ok(());
    }
    let missing = members.iter().map(|key| parameters(key).to_vec()).collect();
    insert_rows(
        &**tx,
        "INSERT INTO member (tenant_id, member_id)",
        missing,
        "ON CONFLICT DO NOTHING",
    )
    .await?;
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        let (list, parameters) = keys(&**tx, members);
        // Locked in the order of the list, which is that of the keys.
        let found = look_up(backend, &list, "member", &format!("{NAMED}{}", for_update(backend)));
        let sql = format!("SELECT t.member_id FROM {found}");
        tx.query_all_raw(statement(&**tx, &sql, parameters)).await?;
    }
    let redirects = Redirects::of(&**tx, members.iter().copied()).await?;
    if members
        .iter()
        .any(|(tenant, member)| redirects.is_absorbed(*tenant, *member))
    {
        return Err(Fault::Contended);
    }
    Ok(())
}

/// The standings of members. A member that has no tier and no growth has none.
pub(crate) async fn standings(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<MemberKey>,
) -> Result<BTreeMap<MemberKey, Standing>, Fault> {
    if members.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (list, parameters) = keys(conn, members);
    let backend = conn.get_database_backend();
    let placed = format!("{NAMED} AND t.ladder_version IS NOT NULL");
    let find = format!(
        "SELECT t.tenant_id, t.member_id, t.tier_code, t.reach_time, t.ladder_version FROM {}",
        look_up(backend, &list, "member", &placed)
    );
    let mut standings = BTreeMap::new();
    for row in conn.query_all_raw(statement(conn, &find, parameters.clone())).await? {
        let mut columns = Columns::of(&row);
        let key = key(&mut columns)?;
        let (code, time): (Option<String>, _) = (columns.take()?, columns.optional_time()?);
        let tier = code.zip(time).map(|(code, time)| ReachedTier { code, time });
        standings.insert(
            key,
            Standing {
                tier,
                growth: BTreeMap::new(),
                ladder_version: columns.take()?,
            },
        );
    }
    let find = format!(
        "SELECT t.tenant_id, t.member_id, t.asset_code, t.amount FROM {}",
        look_up(backend, &list, "growth", NAMED)
    );
    for row in conn.query_all_raw(statement(conn, &find, parameters)).await? {
        let mut columns = Columns::of(&row);
        let standing = standings.entry(key(&mut columns)?).or_default();
        standing.growth.insert(columns.take()?, columns.take()?);
    }
    Ok(standings)
}

/// Writes the outcome of changes. The members are locked.
pub(crate) async fn save(tx: &Tx, outcome: &Outcome) -> Result<(), Fault> {
    const PLACE: &str = "INSERT INTO member (tenant_id, member_id, tier_code, reach_time, ladder_version)";
    const PLACE_ANEW: &str = "ON CONFLICT (tenant_id, member_id) DO UPDATE SET tier_code = excluded.tier_code, \
         reach_time = excluded.reach_time, ladder_version = excluded.ladder_version";
    const GROW: &str = "INSERT INTO growth (tenant_id, member_id, asset_code, amount)";
    const GROW_MORE: &str =
        "ON CONFLICT (tenant_id, member_id, asset_code) DO UPDATE SET amount = growth.amount + excluded.amount";
    let placed = outcome.placed.iter().filter_map(|key| {
        let standing = outcome.standings.get(key)?;
        let [tenant, member] = parameters(key);
        let reach_time = standing.tier.as_ref().map(|tier| tier.time.micros());
        let code = standing.tier_code().map(ToOwned::to_owned);
        Some(vec![
            tenant,
            member,
            code.into(),
            reach_time.into(),
            standing.ladder_version.into(),
        ])
    });
    insert_rows(&**tx, PLACE, placed.collect(), PLACE_ANEW).await?;
    let grown = outcome
        .growth_changes
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|((key, asset_code), amount)| {
            let [tenant, member] = parameters(key);
            vec![tenant, member, asset_code.clone().into(), (*amount).into()]
        });
    insert_rows(&**tx, GROW, grown.collect(), GROW_MORE).await?;
    Ok(())
}

/// Deletes absorbed members; from now on their ids lead to the survivors. Both are locked.
pub(crate) async fn absorb(tx: &Tx, merges: &BTreeMap<MemberKey, MemberKey>) -> Result<(), Fault> {
    if merges.is_empty() {
        return Ok(());
    }
    for (tenant, absorbed) in by_tenant(merges.keys()) {
        let (list, parameters) = of_tenant(&**tx, tenant, absorbed);
        let keys: [(&str, &[&str]); 2] = [
            ("member", &["tenant_id", "member_id"]),
            ("growth", &["tenant_id", "member_id", "asset_code"]),
        ];
        for (table, key) in keys {
            let found = looked_up(tx.get_database_backend(), &list, table, key, OF_TENANT);
            let sql = format!("DELETE FROM {table} WHERE {found}");
            tx.execute_raw(statement(&**tx, &sql, parameters.clone())).await?;
        }
    }
    for ((tenant, from), (_, to)) in merges {
        redirects::add(&**tx, *tenant, from.uuid(), to.uuid()).await?;
    }
    Ok(())
}

/// Members of one brand that an older ladder placed, without those that are set aside: of the brand that comes after `turn`.
pub(crate) async fn placed_by_older_ladder(
    db: &Db,
    turn: Tenant,
    now: Time,
    members_max: i64,
) -> Result<Vec<MemberKey>, Fault> {
    let conn = db.read();
    let item = stuck::id_text(db.backend(), "t.member_id");
    let free = stuck::is_free(PLACEMENTS, "t.tenant_id", &item, "$3");
    let placed = format!("t.tenant_id = k.column1 AND t.ladder_version < k.column2 AND {free}");
    for turn_of in [">", "<="] {
        let ladders = format!(
            "(SELECT tenant_id AS column1, version AS column2 FROM tier_ladder WHERE tenant_id {turn_of} $2 \
             ORDER BY tenant_id)"
        );
        let find = format!(
            "SELECT t.tenant_id, t.member_id FROM {} ORDER BY k.column1 LIMIT $1",
            look_up(db.backend(), &ladders, "member", &placed)
        );
        let parameters: [Value; 3] = [members_max.into(), turn.uuid().into(), now.micros().into()];
        let rows = conn.query_all_raw(statement(conn, &find, parameters)).await?;
        let mut members: Vec<MemberKey> = rows
            .iter()
            .map(|row| key(&mut Columns::of(row)))
            .collect::<Result<_, Fault>>()?;
        if let Some((first, _)) = members.first().copied() {
            members.retain(|(tenant, _)| *tenant == first);
            return Ok(members);
        }
    }
    Ok(Vec::new())
}

fn key(columns: &mut Columns<'_>) -> Result<MemberKey, Fault> {
    Ok((columns.tenant()?, columns.id()?))
}

pub(crate) fn parameters((tenant, member): &MemberKey) -> [Value; 2] {
    [tenant.uuid().into(), member.uuid().into()]
}

/// The members as a list of values, and its parameters.
pub(crate) fn keys(conn: &impl ConnectionTrait, members: &BTreeSet<MemberKey>) -> (String, Vec<Value>) {
    let rows = members.iter().map(|key| parameters(key).to_vec()).collect();
    values(conn.get_database_backend(), 1, KEY, rows)
}

/// The members of each tenant.
pub(crate) fn by_tenant<'a>(members: impl Iterator<Item = &'a MemberKey>) -> BTreeMap<Tenant, Vec<MemberId>> {
    let mut by_tenant: BTreeMap<Tenant, Vec<MemberId>> = BTreeMap::new();
    for (tenant, member) in members {
        by_tenant.entry(*tenant).or_default().push(*member);
    }
    by_tenant
}

/// Members of one tenant as a list of values, and the parameters, of which the first is the tenant.
pub(crate) fn of_tenant(conn: &impl ConnectionTrait, tenant: Tenant, members: Vec<MemberId>) -> (String, Vec<Value>) {
    let rows = members.into_iter().map(|member| vec![member.uuid().into()]).collect();
    let (list, mut members) = values(conn.get_database_backend(), 2, &[Column::Uuid], rows);
    let mut parameters = vec![tenant.uuid().into()];
    parameters.append(&mut members);
    (list, parameters)
}

/// Moves the rows of absorbed members to their survivors, which are absorbed by nobody: merge by merge, each by the index of
/// its member.
pub(crate) async fn move_rows(
    tx: &Tx,
    table: &'static str,
    merges: &BTreeMap<MemberKey, MemberKey>,
) -> Result<(), Fault> {
    let sql = format!(
        "UPDATE {table} SET member_id = $3, origin_id = COALESCE(origin_id, member_id) \
         WHERE tenant_id = $1 AND member_id = $2"
    );
    for ((tenant, from), (_, to)) in merges {
        let parameters = [tenant.uuid().into(), from.uuid().into(), to.uuid().into()];
        tx.execute_raw(statement(&**tx, &sql, parameters)).await?;
    }
    Ok(())
}
