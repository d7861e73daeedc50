use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::{Id, Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{Column, Db, Tx, insert_rows, redirects, statement, stuck, values};

use super::Columns;
use crate::domain::member::{MemberId, MemberKey, ReachedTier, Standing};
use crate::domain::roster::Outcome;
use crate::workers::PLACEMENTS;

/// The types of a member's key.
const KEY: &[Column] = &[Column::Uuid, Column::Uuid];
/// The members of a list of values that is called "named". SQLite would read the whole table for
/// `(tenant_id, member_id) IN (VALUES ...)`; a cross join is run from left to right, by the key.
const NAMED: &str = "member.tenant_id = named.column1 AND member.member_id = named.column2";

/// The member that goes on for a member, after any merges.
pub(crate) async fn follow(conn: &impl ConnectionTrait, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
    Ok(Id::from_uuid(redirects::follow(conn, tenant, member.uuid()).await?))
}

/// For those of the members that were merged away: who goes on for them.
pub(crate) async fn follow_many(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<MemberKey>,
) -> Result<HashMap<MemberKey, MemberKey>, Fault> {
    let ids: Vec<_> = members
        .iter()
        .map(|(tenant, member)| (*tenant, member.uuid()))
        .collect();
    let redirects = redirects::follow_many(conn, &ids).await?;
    Ok(redirects
        .into_iter()
        .map(|((tenant, from), to)| ((tenant, Id::from_uuid(from)), (tenant, Id::from_uuid(to))))
        .collect())
}

/// Keeps the members from being merged, or changed in their tiers, by anybody else until the end of the transaction. A
/// member that was merged away before the lock was there makes the transaction contended, so that it follows.
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
    if tx.get_database_backend() == DbBackend::Postgres {
        let (list, parameters) = keys(&**tx, members);
        let sql = format!(
            "SELECT 1 FROM {list} AS named CROSS JOIN member WHERE {NAMED} \
             ORDER BY member.tenant_id, member.member_id FOR UPDATE OF member"
        );
        tx.query_all_raw(statement(&**tx, &sql, parameters)).await?;
    }
    if follow_many(&**tx, members).await?.is_empty() {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

/// Where members stand. Those to whose tier nothing has happened yet are not among them.
pub(crate) async fn standings(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<MemberKey>,
) -> Result<BTreeMap<MemberKey, Standing>, Fault> {
    if members.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (list, parameters) = keys(conn, members);
    let find = format!(
        "SELECT tenant_id, member_id, tier_code, reach_time, ladder_version FROM {list} AS named CROSS JOIN member \
         WHERE {NAMED} AND ladder_version IS NOT NULL"
    );
    let mut standings = BTreeMap::new();
    for row in conn.query_all_raw(statement(conn, &find, parameters.clone())).await? {
        let mut columns = Columns::of(&row);
        let key = key(&mut columns)?;
        let (code, time): (Option<String>, Option<i64>) = (columns.next()?, columns.next()?);
        let tier = code.zip(time).map(|(code, time)| ReachedTier {
            code,
            time: Time::from_micros(time),
        });
        standings.insert(
            key,
            Standing {
                tier,
                growth: BTreeMap::new(),
                ladder_version: columns.next()?,
            },
        );
    }
    let find = format!(
        "SELECT tenant_id, member_id, asset_code, amount FROM {list} AS named CROSS JOIN growth \
         WHERE growth.tenant_id = named.column1 AND growth.member_id = named.column2"
    );
    for row in conn.query_all_raw(statement(conn, &find, parameters)).await? {
        let mut columns = Columns::of(&row);
        let standing = standings.entry(key(&mut columns)?).or_default();
        standing.growth.insert(columns.next()?, columns.next()?);
    }
    Ok(standings)
}

/// Writes where members stand after facts were played. The members are locked.
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

/// Forgets members that were merged away; from now on their ids lead to the survivors. Both are locked.
pub(crate) async fn absorb(tx: &Tx, merges: &BTreeMap<MemberKey, MemberKey>) -> Result<(), Fault> {
    if merges.is_empty() {
        return Ok(());
    }
    for (tenant, absorbed) in by_tenant(merges.keys()) {
        let (list, parameters) = of_tenant(&**tx, tenant, absorbed);
        for table in ["member", "growth"] {
            let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND member_id IN {list}");
            tx.execute_raw(statement(&**tx, &sql, parameters.clone())).await?;
        }
    }
    for ((tenant, from), (_, to)) in merges {
        redirects::add(&**tx, *tenant, from.uuid(), to.uuid()).await?;
    }
    Ok(())
}

/// Members of one brand whose tier was decided by an older ladder, without those who are set aside: of the brand whose turn it
/// is after another one's.
pub(crate) async fn placed_by_older_ladder(
    db: &Db,
    turn: Tenant,
    now: Time,
    members_max: i64,
) -> Result<Vec<MemberKey>, Fault> {
    let conn = db.read();
    let item = stuck::id_text(db.backend(), "member.member_id");
    let free = stuck::is_free(PLACEMENTS, "member.tenant_id", &item, "$3");
    for turn_of in [">", "<="] {
        let find = format!(
            "SELECT member.tenant_id, member.member_id FROM tier_ladder CROSS JOIN member \
             WHERE member.tenant_id = tier_ladder.tenant_id AND member.ladder_version < tier_ladder.version \
             AND tier_ladder.tenant_id {turn_of} $2 AND {free} ORDER BY tier_ladder.tenant_id LIMIT $1"
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
    Ok((Tenant::from_uuid(columns.next()?), Id::from_uuid(columns.next()?)))
}

pub(super) fn parameters((tenant, member): &MemberKey) -> [Value; 2] {
    [tenant.uuid().into(), member.uuid().into()]
}

/// The members as a list of values, and its parameters.
pub(super) fn keys(conn: &impl ConnectionTrait, members: &BTreeSet<MemberKey>) -> (String, Vec<Value>) {
    let rows = members.iter().map(|key| parameters(key).to_vec()).collect();
    values(conn.get_database_backend(), 1, KEY, rows)
}

/// The members of each tenant.
pub(super) fn by_tenant<'a>(members: impl Iterator<Item = &'a MemberKey>) -> BTreeMap<Tenant, Vec<MemberId>> {
    let mut by_tenant: BTreeMap<Tenant, Vec<MemberId>> = BTreeMap::new();
    for (tenant, member) in members {
        by_tenant.entry(*tenant).or_default().push(*member);
    }
    by_tenant
}

/// Members of one tenant as a list of values, and the parameters, of which the first is the tenant.
pub(super) fn of_tenant(conn: &impl ConnectionTrait, tenant: Tenant, members: Vec<MemberId>) -> (String, Vec<Value>) {
    let rows = members.into_iter().map(|member| vec![member.uuid().into()]).collect();
    let (list, mut members) = values(conn.get_database_backend(), 2, &[Column::Uuid], rows);
    let mut parameters = vec![tenant.uuid().into()];
    parameters.append(&mut members);
    (list, parameters)
}

/// Who was merged away into whom, as a list of values, and its parameters.
pub(super) fn moves(conn: &impl ConnectionTrait, merges: &BTreeMap<MemberKey, MemberKey>) -> (String, Vec<Value>) {
    let row = |((tenant, from), (_, to)): (&MemberKey, &MemberKey)| {
        vec![tenant.uuid().into(), from.uuid().into(), to.uuid().into()]
    };
    let columns = [Column::Uuid, Column::Uuid, Column::Uuid];
    values(
        conn.get_database_backend(),
        1,
        &columns,
        merges.iter().map(row).collect(),
    )
}
