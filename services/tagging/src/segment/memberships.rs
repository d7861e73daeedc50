//! Who belongs to which segment, as it was last evaluated.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Row as _, Tx, insert_rows, look_up, looked_up, values};

use crate::member::MemberId;
use crate::store::{OF_MEMBER, execute, member_list, query};

/// How many memberships are deleted in one statement.
const DELETED_MAX: usize = 5_000;

/// The segments of these members.
pub(crate) async fn load(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    members: impl IntoIterator<Item = MemberId>,
) -> Result<BTreeMap<MemberId, BTreeSet<String>>, Fault> {
    let (list, mut parameters) = member_list(conn, 2, members);
    parameters.insert(0, tenant.uuid().into());
    let found = look_up(conn.get_database_backend(), &list, "segment_member", OF_MEMBER);
    let sql = format!("SELECT member_id, segment_code FROM {found}");
    let mut loaded: BTreeMap<MemberId, BTreeSet<String>> = BTreeMap::new();
    for row in &query(conn, &sql, parameters).await? {
        loaded.entry(row.id(0)?).or_default().insert(row.get(1)?);
    }
    Ok(loaded)
}

/// The segments of one member, with since when, by code.
pub(crate) async fn of_member(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
) -> Result<Vec<(String, Time)>, Fault> {
    const OF: &str = "SELECT segment_code, enter_time FROM segment_member WHERE tenant_id = $1 AND member_id = $2 \
         ORDER BY segment_code";
    let rows = query(conn, OF, [tenant.uuid().into(), member.uuid().into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.time(1)?))).collect()
}

/// Since when a member belongs to a segment.
pub(crate) async fn enter_time(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    member: MemberId,
) -> Result<Option<Time>, Fault> {
    const CHECK: &str =
        "SELECT enter_time FROM segment_member WHERE tenant_id = $1 AND segment_code = $2 AND member_id = $3";
    let rows = query(conn, CHECK, [tenant.uuid().into(), code.into(), member.uuid().into()]).await?;
    rows.first().map(|row| row.time(0)).transpose()
}

/// A page of a segment's members after a member, by id.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    after: Option<MemberId>,
    rows_max: i64,
) -> Result<Vec<(MemberId, Time)>, Fault> {
    let (beyond, after) = match after {
        Some(after) => (" AND member_id > $3", Some(after.uuid().into())),
        None => ("", None),
    };
    let sql = format!(
        "SELECT member_id, enter_time FROM segment_member WHERE tenant_id = $1 AND segment_code = $2{beyond} \
         ORDER BY member_id LIMIT {rows_max}"
    );
    let parameters = [Value::from(tenant.uuid()), code.into()].into_iter().chain(after);
    query(conn, &sql, parameters)
        .await?
        .iter()
        .map(|row| Ok((row.id(0)?, row.time(1)?)))
        .collect()
}

/// Writes that members entered segments.
pub(crate) async fn enter(tx: &Tx, tenant: Tenant, entered: &[(&str, MemberId)], now: Time) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO segment_member (tenant_id, segment_code, member_id, enter_time)";
    let row = |(code, member): &(&str, MemberId)| {
        vec![
            tenant.uuid().into(),
            (*code).into(),
            member.uuid().into(),
            now.micros().into(),
        ]
    };
    insert_rows(&**tx, HEAD, entered.iter().map(row).collect(), "").await?;
    Ok(())
}

/// Writes that members, who are locked, left segments.
pub(crate) async fn leave(tx: &Tx, tenant: Tenant, left: &[(&str, MemberId)]) -> Result<(), Fault> {
    for chunk in left.chunks(DELETED_MAX) {
        let row = |(code, member): &(&str, MemberId)| vec![tenant.uuid().into(), (*code).into(), member.uuid().into()];
        let columns = [Column::Uuid, Column::Text, Column::Uuid];
        let backend = tx.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, chunk.iter().map(row).collect());
        let on = "t.tenant_id = k.column1 AND t.segment_code = k.column2 AND t.member_id = k.column3";
        let key = ["tenant_id", "segment_code", "member_id"];
        let found = looked_up(backend, &list, "segment_member", &key, on);
        let sql = format!("DELETE FROM segment_member WHERE {found}");
        execute(&**tx, &sql, parameters).await?;
    }
    Ok(())
}
