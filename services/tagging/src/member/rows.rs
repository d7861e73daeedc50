//! Members: the profile as other services told it.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row as _, Tx, for_update, insert_rows, look_up, looked_up, values};

use super::{Member, MemberId, Profile};
use crate::store::{OF_MEMBER, execute, member_list, query};

/// Which of these members have a row, of any brands.
pub(crate) async fn known(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<BTreeSet<(Tenant, MemberId)>, Fault> {
    if members.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = members
        .iter()
        .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()]);
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows.collect());
    let found = look_up(
        backend,
        &list,
        "member",
        "t.tenant_id = k.column1 AND t.member_id = k.column2",
    );
    let sql = format!("SELECT t.tenant_id, t.member_id FROM {found}");
    query(conn, &sql, parameters)
        .await?
        .iter()
        .map(|row| Ok((row.tenant(0)?, row.id(1)?)))
        .collect()
}

/// The rows of these members, locked in the order of their ids.
pub(crate) async fn lock(
    tx: &Tx,
    tenant: Tenant,
    members: &BTreeSet<MemberId>,
) -> Result<BTreeMap<MemberId, Member>, Fault> {
    if members.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (list, mut parameters) = member_list(&**tx, 2, members.iter().copied());
    parameters.insert(0, tenant.uuid().into());
    let lock = for_update(tx.get_database_backend());
    // Read, and locked, in the order of the list, which is that of the ids.
    let found = look_up(
        tx.get_database_backend(),
        &list,
        "member",
        &format!("{OF_MEMBER}{lock}"),
    );
    let sql = format!(
        "SELECT member_id, gender, province, city, channel_codes, birth_month, tier_code, profile_time, tier_time, \
         active_channels FROM {found}"
    );
    let rows = query(&**tx, &sql, parameters).await?;
    rows.iter().map(|row| Ok((row.id(0)?, read(row)?))).collect()
}

/// A page of members after a member, by id.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<MemberId>,
    limit: usize,
) -> Result<BTreeSet<MemberId>, Fault> {
    let (beyond, after) = match after {
        Some(after) => (" AND member_id > $2", Some(after.uuid().into())),
        None => ("", None),
    };
    let sql = format!("SELECT member_id FROM member WHERE tenant_id = $1{beyond} ORDER BY member_id LIMIT {limit}");
    let parameters = std::iter::once(Value::from(tenant.uuid())).chain(after);
    query(conn, &sql, parameters)
        .await?
        .iter()
        .map(|row| row.id(0))
        .collect()
}

const HEAD: &str = "INSERT INTO member (tenant_id, member_id, gender, province, city, channel_codes, birth_month, \
     tier_code, profile_time, tier_time, active_channels)";

/// Writes members who have no row yet. Where one has, somebody else was faster, and the transaction has lost a race.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, members: &[(MemberId, &Member)]) -> Result<(), Fault> {
    insert_rows(&**tx, HEAD, rows(tenant, members), "").await?;
    Ok(())
}

/// Writes members who have a row.
pub(crate) async fn update(tx: &Tx, tenant: Tenant, members: &[(MemberId, &Member)]) -> Result<(), Fault> {
    const TAIL: &str = "ON CONFLICT (tenant_id, member_id) DO UPDATE SET gender = excluded.gender, \
         province = excluded.province, city = excluded.city, channel_codes = excluded.channel_codes, \
         birth_month = excluded.birth_month, tier_code = excluded.tier_code, profile_time = excluded.profile_time, \
         tier_time = excluded.tier_time, active_channels = excluded.active_channels";
    insert_rows(&**tx, HEAD, rows(tenant, members), TAIL).await?;
    Ok(())
}

/// Deletes the rows of members who went over to others; they are locked.
pub(crate) async fn delete(tx: &Tx, tenant: Tenant, members: &[MemberId]) -> Result<(), Fault> {
    if members.is_empty() {
        return Ok(());
    }
    let (list, mut parameters) = member_list(&**tx, 2, members.iter().copied());
    parameters.insert(0, tenant.uuid().into());
    let key = ["tenant_id", "member_id"];
    let found = looked_up(tx.get_database_backend(), &list, "member", &key, OF_MEMBER);
    let sql = format!("DELETE FROM member WHERE {found}");
    execute(&**tx, &sql, parameters).await?;
    Ok(())
}

fn rows(tenant: Tenant, members: &[(MemberId, &Member)]) -> Vec<Vec<Value>> {
    let row = |(id, member): &(MemberId, &Member)| {
        let profile = &member.profile;
        vec![
            tenant.uuid().into(),
            id.uuid().into(),
            profile.gender.clone().into(),
            profile.province.clone().into(),
            profile.city.clone().into(),
            join(&profile.channel_codes).into(),
            profile.birth_month.map(i64::from).into(),
            profile.tier_code.clone().into(),
            member.profile_time.micros().into(),
            member.tier_time.micros().into(),
            join(&member.active_channels).into(),
        ]
    };
    members.iter().map(row).collect()
}

fn read(row: &QueryResult) -> Result<Member, Fault> {
    let birth_month: Option<i64> = row.get(5)?;
    let profile = Profile {
        gender: row.get(1)?,
        province: row.get(2)?,
        city: row.get(3)?,
        channel_codes: split(&row.get::<String>(4)?),
        birth_month: birth_month.map(u8::try_from).transpose().map_err(Fault::internal)?,
        tier_code: row.get(6)?,
    };
    Ok(Member {
        profile,
        profile_time: row.time(7)?,
        tier_time: row.time(8)?,
        active_channels: split(&row.get::<String>(9)?),
    })
}

/// Codes in one column, in order: they hold no space.
pub(crate) fn join(codes: &BTreeSet<String>) -> String {
    codes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// See [`join`].
pub(crate) fn split(codes: &str) -> BTreeSet<String> {
    codes
        .split(' ')
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}
