//! Tags' definitions.

use contracts_tagging::v1;
use fault::{Fault, Violations};
use kernel::{Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Row as _, Tx, for_update, stuck};
use uuid::Uuid;

use super::value::ValueType;
use super::wire;
use super::{Tag, TagSource};
use crate::member::MemberId;
use crate::store::{execute, next_in_turn, query};
use crate::tag::backfill::BACKFILLS;

const COLUMNS: &str = "tag_code, display_name, group_name, description, value_type, is_static, source_kind, \
     computation, lifetime_days, is_backfilling, version, create_time, update_time";

/// The columns, and why the backfill is parked.
fn columns() -> String {
    format!(
        "{COLUMNS}, {}",
        stuck::parked_reason(BACKFILLS, "tag.tenant_id", "tag.tag_code")
    )
}

/// All of a brand's tags; their number is bounded.
pub(crate) async fn all(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<Tag>, Fault> {
    let sql = format!("SELECT {} FROM tag WHERE tenant_id = $1", columns());
    query(conn, &sql, [tenant.uuid().into()])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One tag.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<Option<Tag>, Fault> {
    let sql = format!("SELECT {} FROM tag WHERE tenant_id = $1 AND tag_code = $2", columns());
    query(conn, &sql, [tenant.uuid().into(), code.into()])
        .await?
        .first()
        .map(read)
        .transpose()
}

/// A page of tags after a code, of one group or, where that is empty, of all.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    group: &str,
    after: &str,
    rows_max: i64,
) -> Result<Vec<Tag>, Fault> {
    let sql = format!(
        "SELECT {} FROM tag WHERE tenant_id = $1 AND tag_code > $2 AND ($3 = '' OR group_name = $3) \
         ORDER BY tag_code LIMIT {rows_max}",
        columns()
    );
    let parameters = [tenant.uuid().into(), after.into(), group.into()];
    query(conn, &sql, parameters).await?.iter().map(read).collect()
}

/// How many tags a brand has.
pub(crate) async fn count(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<u64, Fault> {
    let rows = query(
        conn,
        "SELECT COUNT(*) FROM tag WHERE tenant_id = $1",
        [tenant.uuid().into()],
    )
    .await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    u64::try_from(count).map_err(Fault::internal)
}

/// Writes a new tag.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, tag: &Tag) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO tag (tenant_id, tag_code, display_name, group_name, description, value_type, \
         is_static, source_kind, computation, lifetime_days, is_backfilling, version, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let (source_kind, computation) = match &tag.source {
        TagSource::Manual => ("MANUAL", None),
        TagSource::Imported => ("IMPORTED", None),
        TagSource::Computed(computation) => ("COMPUTED", Some(wire::write_computation(computation).encode_to_vec())),
    };
    let parameters = [
        tenant.uuid().into(),
        tag.code.clone().into(),
        tag.display_name.clone().into(),
        tag.group.clone().into(),
        tag.description.clone().into(),
        tag.value_type.name().into(),
        tag.is_static.into(),
        source_kind.into(),
        computation.into(),
        tag.lifetime_days.map(i64::from).into(),
        tag.is_backfilling.into(),
        tag.version.into(),
        tag.create_time.micros().into(),
        tag.update_time.micros().into(),
    ];
    execute(&**tx, INSERT, parameters).await?;
    Ok(())
}

/// Writes what of a tag may change.
pub(crate) async fn update(tx: &Tx, tenant: Tenant, tag: &Tag) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE tag SET display_name = $3, group_name = $4, description = $5, lifetime_days = $6, \
         version = $7, update_time = $8 WHERE tenant_id = $1 AND tag_code = $2";
    let parameters = [
        tenant.uuid().into(),
        tag.code.clone().into(),
        tag.display_name.clone().into(),
        tag.group.clone().into(),
        tag.description.clone().into(),
        tag.lifetime_days.map(i64::from).into(),
        tag.version.into(),
        tag.update_time.micros().into(),
    ];
    execute(&**tx, UPDATE, parameters).await?;
    Ok(())
}

/// A tag that is being backfilled and is not set aside, of the brand whose turn it is after another one's.
pub(crate) async fn next_backfill(
    conn: &impl ConnectionTrait,
    turn: Tenant,
    now: Time,
) -> Result<Option<(Tenant, String)>, Fault> {
    let free = stuck::is_free(BACKFILLS, "tag.tenant_id", "tag.tag_code", "$2");
    let list = format!("SELECT tenant_id, tag_code FROM tag WHERE is_backfilling AND {free}");
    next_in_turn(conn, &list, "tag_code", turn, now).await
}

/// How far a tag's backfill is, which is locked; none where it is over.
pub(crate) async fn backfilled_to(tx: &Tx, tenant: Tenant, code: &str) -> Result<Option<Option<MemberId>>, Fault> {
    let lock = for_update(tx.get_database_backend());
    let sql = format!("SELECT backfilled_to FROM tag WHERE tenant_id = $1 AND tag_code = $2 AND is_backfilling{lock}");
    let rows = query(&**tx, &sql, [tenant.uuid().into(), code.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let member: Option<Uuid> = row.get(0)?;
    Ok(Some(member.map(MemberId::from_uuid)))
}

/// Notes how far a tag's backfill is.
pub(crate) async fn backfill_to(tx: &Tx, tenant: Tenant, code: &str, member: MemberId) -> Result<(), Fault> {
    const MOVE: &str = "UPDATE tag SET backfilled_to = $3 WHERE tenant_id = $1 AND tag_code = $2";
    execute(&**tx, MOVE, [tenant.uuid().into(), code.into(), member.uuid().into()]).await?;
    Ok(())
}

/// Ends a tag's backfill.
pub(crate) async fn end_backfill(tx: &Tx, tenant: Tenant, code: &str) -> Result<(), Fault> {
    const END: &str = "UPDATE tag SET is_backfilling = $3 WHERE tenant_id = $1 AND tag_code = $2";
    execute(&**tx, END, [tenant.uuid().into(), code.into(), false.into()]).await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Tag, Fault> {
    let lifetime_days: Option<i64> = row.get(8)?;
    Ok(Tag {
        failure: row.get(13)?,
        code: row.get(0)?,
        display_name: row.get(1)?,
        group: row.get(2)?,
        description: row.get(3)?,
        value_type: value_type(&row.get::<String>(4)?)?,
        is_static: row.get(5)?,
        source: source(&row.get::<String>(6)?, row.get(7)?)?,
        lifetime_days: lifetime_days.map(u16::try_from).transpose().map_err(Fault::internal)?,
        is_backfilling: row.get(9)?,
        version: row.get(10)?,
        create_time: row.time(11)?,
        update_time: row.time(12)?,
    })
}

/// A type by the name that it is stored under.
pub(crate) fn value_type(name: &str) -> Result<ValueType, Fault> {
    let types = [ValueType::Bool, ValueType::Int, ValueType::Text, ValueType::Time];
    let found = types.into_iter().find(|value_type| value_type.name() == name);
    found.ok_or_else(|| Fault::internal(format!("{name} is stored as the type of a value")))
}

fn source(kind: &str, computation: Option<Vec<u8>>) -> Result<TagSource, Fault> {
    match (kind, computation) {
        ("MANUAL", None) => Ok(TagSource::Manual),
        ("IMPORTED", None) => Ok(TagSource::Imported),
        ("COMPUTED", Some(bytes)) => {
            let wire = v1::Computation::decode(&*bytes).map_err(Fault::internal)?;
            let computation = wire::parse_computation(&wire, &mut Violations::new());
            let computation = computation.ok_or_else(|| Fault::internal("a stored computation does not read"))?;
            Ok(TagSource::Computed(computation))
        }
        (kind, _) => Err(Fault::internal(format!("{kind} is stored as the source of a tag"))),
    }
}
