use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Row, look_up, statement};
use uuid::Uuid;

use super::Attribute;
use super::{Field, Profile, Source};
use crate::graph;
use crate::graph::identity::Identity;
use crate::graph::member::{Member, MemberId};
use crate::graph::rows::{OF_MEMBER, member_list};

/// Members in one statement.
const MEMBERS_PER_STATEMENT_MAX: usize = 5_000;
const COLUMNS: &str = "member_id, register_time, register_channel, absorbed, \
     name, gender, birth_date, province, city, address, sources, update_time, version";

/// Which members a list shows.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) channel_code: Option<String>,
    pub(crate) register_from: Time,
    pub(crate) register_until: Time,
}

/// A member, and whether it is absorbed.
pub(crate) type MemberRow = ((Tenant, MemberId), (Member, bool));

/// The members of the given ids, whole, in the order of their ids; unknown ids are left out.
///
/// A member who is absorbed while this reads is a lost race: the caller follows the redirect again.
pub(crate) async fn read(conn: &impl ConnectionTrait, tenant: Tenant, ids: &[MemberId]) -> Result<Vec<Member>, Fault> {
    let rows = with_absorbed(conn, ids.iter().map(|id| (tenant, *id))).await?;
    let present = rows
        .into_iter()
        .map(|(_, (member, absorbed))| if absorbed { Err(Fault::Contended) } else { Ok(member) });
    present.collect()
}

/// The members of the given ids, whole, with those that are absorbed, in the order of tenants and ids; unknown ids are left
/// out.
pub(crate) async fn with_absorbed(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = (Tenant, MemberId)>,
) -> Result<Vec<MemberRow>, Fault> {
    select(conn, ids, "").await
}

/// The same, with the rows locked in that order until the transaction ends.
pub(crate) async fn lock_with_absorbed(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = (Tenant, MemberId)>,
) -> Result<Vec<MemberRow>, Fault> {
    select(conn, ids, store::for_update(conn.get_database_backend())).await
}

async fn select(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = (Tenant, MemberId)>,
    lock: &str,
) -> Result<Vec<MemberRow>, Fault> {
    let ids: BTreeSet<(Tenant, MemberId)> = ids.into_iter().collect();
    let ids: Vec<(Tenant, MemberId)> = ids.into_iter().collect();
    let mut members = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(MEMBERS_PER_STATEMENT_MAX) {
        let (list, parameters) = member_list(conn, chunk);
        // Read, and locked, in the order of the list.
        let on = format!("{OF_MEMBER}{lock}");
        let found = look_up(conn.get_database_backend(), &list, "member", &on);
        let sql = format!("SELECT tenant_id, {COLUMNS} FROM {found}");
        let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
        // The edges are read after the lock is held, so that they cannot change any more.
        let mut edges = graph::identity::rows::of_members(conn, chunk).await?;
        for row in &rows {
            members.push(member(row, &mut edges)?);
        }
    }
    Ok(members)
}

/// The ids of members after one, or from the first one, by a filter, in the order of their ids.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    filter: &Filter,
    after: Option<MemberId>,
    rows_max: i64,
) -> Result<Vec<MemberId>, Fault> {
    let mut parameters: Vec<Value> = vec![
        tenant.uuid().into(),
        after.map_or(Uuid::nil(), MemberId::uuid).into(),
        filter.register_from.micros().into(),
        filter.register_until.micros().into(),
        rows_max.into(),
    ];
    let in_channel = match &filter.channel_code {
        None => "",
        Some(code) => {
            parameters.push(code.clone().into());
            "AND EXISTS (SELECT 1 FROM identity WHERE identity.tenant_id = member.tenant_id \
             AND identity.member_id = member.member_id AND identity.kind = 'external_id' AND identity.scope = $6) "
        }
    };
    let sql = format!(
        "SELECT member_id FROM member WHERE tenant_id = $1 AND member_id > $2 AND NOT absorbed \
         AND register_time >= $3 AND register_time < $4 {in_channel}ORDER BY member_id LIMIT $5"
    );
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(|row| row.id("member_id")).collect()
}

/// Writes members of tenants, new or changed, with whether they are absorbed; the rows of changed ones are locked.
pub(crate) async fn write(
    conn: &impl ConnectionTrait,
    members: &[(Tenant, &Member, Option<MemberId>)],
) -> Result<(), Fault> {
    const REPLACE: &str = "ON CONFLICT (tenant_id, member_id) DO UPDATE SET register_time = excluded.register_time, \
         absorbed = excluded.absorbed, name = excluded.name, gender = excluded.gender, birth_date = excluded.birth_date, \
         province = excluded.province, city = excluded.city, address = excluded.address, sources = excluded.sources, \
         update_time = excluded.update_time, version = excluded.version";
    let rows: Result<Vec<Vec<Value>>, Fault> = members
        .iter()
        .map(|(tenant, member, absorbed_by)| member_values(*tenant, member, absorbed_by.is_some()))
        .collect();
    store::insert_rows(
        conn,
        &format!("INSERT INTO member (tenant_id, {COLUMNS})"),
        rows?,
        REPLACE,
    )
    .await?;
    Ok(())
}

fn member_values(tenant: Tenant, member: &Member, absorbed: bool) -> Result<Vec<Value>, Fault> {
    let sources: BTreeMap<&str, &str> = member
        .profile
        .iter()
        .map(|(field, attribute)| (field.name(), attribute.source.code()))
        .collect();
    let mut values: Vec<Value> = vec![
        tenant.uuid().into(),
        member.id.uuid().into(),
        member.register_time.micros().into(),
        member.register_channel.clone().into(),
        absorbed.into(),
    ];
    values.extend(Field::ALL.map(|field| member.profile.value(field).into()));
    values.push(serde_json::to_string(&sources).map_err(Fault::internal)?.into());
    values.push(member.update_time.micros().into());
    values.push(member.version.into());
    Ok(values)
}

fn member(row: &QueryResult, edges: &mut HashMap<(Tenant, MemberId), Vec<Identity>>) -> Result<MemberRow, Fault> {
    let mut columns = Columns::of(row);
    let key = (columns.tenant()?, columns.id()?);
    let (register_time, register_channel) = (columns.time()?, columns.take()?);
    let absorbed = columns.take()?;
    let profile = profile(&mut columns)?;
    let member = Member {
        id: key.1,
        register_time,
        register_channel,
        profile,
        identities: edges.remove(&key).unwrap_or_default(),
        update_time: columns.time()?,
        version: columns.take()?,
    };
    Ok((key, (member, absorbed)))
}

/// The values in the columns of the fields, and their sources.
fn profile(columns: &mut Columns<'_>) -> Result<Profile, Fault> {
    let mut values: Vec<(Field, String)> = Vec::with_capacity(Field::ALL.len());
    for field in Field::ALL {
        values.push((field, columns.take()?));
    }
    let sources: String = columns.take()?;
    let sources: BTreeMap<String, String> = serde_json::from_str(&sources).map_err(Fault::internal)?;
    let attributes = values.into_iter().map(|(field, value)| {
        let source = sources
            .get(field.name())
            .map_or(Source::Import, |code| Source::from_code(code));
        (field, Attribute { value, source })
    });
    Ok(Profile::new(attributes))
}
