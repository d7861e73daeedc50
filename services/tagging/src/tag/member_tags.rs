//! What members have of tags, and when that must be looked at again.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value as SqlValue};
use store::{Column, Row as _, Tx, insert_rows, look_up, looked_up, stuck, values};

use super::MemberTag;
use super::computation::Mark;
use super::rows::value_type;
use super::value::{Value, ValueType};
use crate::member::MemberId;
use crate::store::{OF_MEMBER, execute, member_list, query};
use crate::tag::due::LOOKS;

/// How many tags are deleted in one statement.
const DELETED_MAX: usize = 5_000;

pub(crate) const COLUMNS: &str = "member_id, tag_code, value_type, number_value, text_value, source, assign_time, due_time, \
     mark_time, mark_key";

/// The tags of these members.
pub(crate) async fn load(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    members: impl IntoIterator<Item = MemberId>,
) -> Result<BTreeMap<MemberId, BTreeMap<String, MemberTag>>, Fault> {
    let (list, mut parameters) = member_list(conn, 2, members);
    parameters.insert(0, tenant.uuid().into());
    let found = look_up(conn.get_database_backend(), &list, "member_tag", OF_MEMBER);
    let sql = format!("SELECT {COLUMNS} FROM {found}");
    let mut loaded: BTreeMap<MemberId, BTreeMap<String, MemberTag>> = BTreeMap::new();
    for row in &query(conn, &sql, parameters).await? {
        let (code, tag) = read(row)?;
        loaded.entry(row.id(0)?).or_default().insert(code, tag);
    }
    Ok(loaded)
}

/// A stretch of one member's tags after a code.
pub(crate) struct Stretch {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) after: String,
    pub(crate) rows_max: i64,
}

/// Stretches of members' tags, each under its place, in the order of their codes; at least as many as are wanted, where
/// there are so many.
pub(crate) async fn stretches(
    conn: &impl ConnectionTrait,
    wanted: BTreeMap<i64, Stretch>,
) -> Result<BTreeMap<i64, Vec<(String, MemberTag)>>, Fault> {
    let Some(rows_max) = wanted.values().map(|stretch| stretch.rows_max).max() else {
        return Ok(BTreeMap::new());
    };
    let row = |(place, stretch): (i64, Stretch)| {
        vec![
            stretch.tenant.uuid().into(),
            stretch.member.uuid().into(),
            stretch.after.into(),
            place.into(),
        ]
    };
    let backend = conn.get_database_backend();
    let columns = [Column::Uuid, Column::Uuid, Column::Text, Column::Int];
    let (list, parameters) = values(backend, 1, &columns, wanted.into_iter().map(row).collect());
    // Of a member there are no more rows than the brand has tags. Read in the order of the index, list by list.
    let order = match backend {
        DbBackend::Sqlite => String::new(),
        _ => format!(" ORDER BY t.tag_code LIMIT {rows_max}"),
    };
    let on = format!("t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.tag_code > k.column3{order}");
    let found = look_up(backend, &list, "member_tag", &on);
    let mut read_of: BTreeMap<i64, Vec<(String, MemberTag)>> = BTreeMap::new();
    for row in &query(conn, &format!("SELECT {COLUMNS}, column4 FROM {found}"), parameters).await? {
        read_of.entry(row.get(10)?).or_default().push(read(row)?);
    }
    Ok(read_of)
}

/// When the next tag of each brand must be looked at, of those that have one. One look into the index for each brand.
pub(crate) async fn next_due(conn: &impl ConnectionTrait) -> Result<Vec<(Tenant, Time)>, Fault> {
    const NEXT: &str = "SELECT catalog.tenant_id, (SELECT MIN(member_tag.due_time) FROM member_tag \
         WHERE member_tag.tenant_id = catalog.tenant_id AND member_tag.due_time IS NOT NULL) FROM catalog \
         ORDER BY catalog.tenant_id";
    let mut next = Vec::new();
    for row in &query(conn, NEXT, []).await? {
        if let Some(due_time) = row.optional_time(1)? {
            next.push((row.tenant(0)?, due_time));
        }
    }
    Ok(next)
}

/// When the next tag of any brand must be looked at after `now`. One look into the index for each brand.
pub(crate) async fn next_due_after(conn: &impl ConnectionTrait, now: Time) -> Result<Option<Time>, Fault> {
    const NEXT: &str = "SELECT MIN(next.due) FROM (SELECT (SELECT MIN(member_tag.due_time) FROM member_tag \
         WHERE member_tag.tenant_id = catalog.tenant_id AND member_tag.due_time IS NOT NULL AND member_tag.due_time > $1) AS due FROM catalog) AS next";
    let rows = query(conn, NEXT, [now.micros().into()]).await?;
    let due = rows.first().map(|row| row.optional_time(0)).transpose()?;
    Ok(due.flatten())
}

/// Members of a brand with a tag whose time has come, without those who are set aside: those waiting longest first.
pub(crate) async fn due(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    now: Time,
    limit: usize,
) -> Result<Vec<MemberId>, Fault> {
    let member = stuck::id_text(conn.get_database_backend(), "member_tag.member_id");
    let free = stuck::is_free(LOOKS, "member_tag.tenant_id", &member, "$2");
    let sql = format!(
        "SELECT member_id FROM member_tag WHERE tenant_id = $1 AND due_time IS NOT NULL AND due_time <= $2 AND {free} \
         ORDER BY due_time LIMIT {limit}"
    );
    let rows = query(conn, &sql, [tenant.uuid().into(), now.micros().into()]).await?;
    // A member may have many tags whose time has come.
    let members: BTreeSet<MemberId> = rows.iter().map(|row| row.id(0)).collect::<Result<_, Fault>>()?;
    Ok(members.into_iter().collect())
}

/// Writes tags, over what was there.
pub(crate) async fn write(tx: &Tx, tenant: Tenant, tags: &[(MemberId, &str, &MemberTag)]) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO member_tag (tenant_id, member_id, tag_code, value_type, number_value, text_value, \
         source, assign_time, due_time, mark_time, mark_key)";
    const TAIL: &str = "ON CONFLICT (tenant_id, member_id, tag_code) DO UPDATE SET value_type = excluded.value_type, \
         number_value = excluded.number_value, text_value = excluded.text_value, source = excluded.source, \
         assign_time = excluded.assign_time, due_time = excluded.due_time, mark_time = excluded.mark_time, \
         mark_key = excluded.mark_key";
    insert_rows(&**tx, HEAD, tags.iter().map(|tag| row(tenant, tag)).collect(), TAIL).await?;
    if let Some(due) = tags.iter().filter_map(|(_, _, tag)| tag.due_time).min() {
        tx.comes_due(LOOKS, due);
    }
    Ok(())
}

/// Deletes tags of members who are locked.
pub(crate) async fn delete(tx: &Tx, tenant: Tenant, tags: &[(MemberId, &str)]) -> Result<(), Fault> {
    for chunk in tags.chunks(DELETED_MAX) {
        let row = |(member, code): &(MemberId, &str)| vec![tenant.uuid().into(), member.uuid().into(), (*code).into()];
        let columns = [Column::Uuid, Column::Uuid, Column::Text];
        let backend = tx.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, chunk.iter().map(row).collect());
        let on = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.tag_code = k.column3";
        let found = looked_up(
            backend,
            &list,
            "member_tag",
            &["tenant_id", "member_id", "tag_code"],
            on,
        );
        let sql = format!("DELETE FROM member_tag WHERE {found}");
        execute(&**tx, &sql, parameters).await?;
    }
    Ok(())
}

pub(crate) fn row(tenant: Tenant, (member, code, tag): &(MemberId, &str, &MemberTag)) -> Vec<SqlValue> {
    let (number, text) = match &tag.value {
        Value::Bool(value) => (Some(i64::from(*value)), None),
        Value::Int(value) => (Some(*value), None),
        Value::Text(value) => (None, Some(value.clone())),
        Value::Time(value) => (Some(value.micros()), None),
    };
    vec![
        tenant.uuid().into(),
        member.uuid().into(),
        (*code).into(),
        tag.value.value_type().name().into(),
        number.into(),
        text.into(),
        tag.source.clone().into(),
        tag.assign_time.micros().into(),
        tag.due_time.map(Time::micros).into(),
        tag.mark.as_ref().map(|mark| mark.time.micros()).into(),
        tag.mark.as_ref().map(|mark| mark.key.clone()).into(),
    ]
}

pub(crate) fn read(row: &QueryResult) -> Result<(String, MemberTag), Fault> {
    let (number, text): (Option<i64>, Option<String>) = (row.get(3)?, row.get(4)?);
    let value = match (value_type(&row.get::<String>(2)?)?, number, text) {
        (ValueType::Bool, Some(number), None) => Value::Bool(number != 0),
        (ValueType::Int, Some(number), None) => Value::Int(number),
        (ValueType::Time, Some(number), None) => Value::Time(Time::from_micros(number)),
        (ValueType::Text, None, Some(text)) => Value::Text(text),
        (ValueType::Bool | ValueType::Int | ValueType::Time | ValueType::Text, ..) => {
            return Err(Fault::internal("a stored value does not read"));
        }
    };
    let mark_key: Option<String> = row.get(9)?;
    let mark = row
        .optional_time(8)?
        .zip(mark_key)
        .map(|(time, key)| Mark { time, key });
    let tag = MemberTag {
        value,
        source: row.get(5)?,
        assign_time: row.time(6)?,
        due_time: row.optional_time(7)?,
        mark,
    };
    Ok((row.get(1)?, tag))
}
