//! Segments' definitions.

use contracts_tagging::v1;
use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Row as _, Tx, for_update, stuck};
use uuid::Uuid;

use super::Segment;
use super::condition;
use super::condition::Condition;
use crate::member::MemberId;
use crate::segment::evaluate::EVALUATIONS;
use crate::store::{execute, next_in_turn, query};

const COLUMNS: &str = "segment_code, display_name, description, condition_tree, condition_version, is_evaluating, \
     evaluated_count, version, create_time, update_time";

/// The columns, and why the evaluation is parked.
fn columns() -> String {
    let reason = stuck::parked_reason(EVALUATIONS, "segment.tenant_id", "segment.segment_code");
    format!("{COLUMNS}, {reason}")
}

/// A segment with its condition as the contract has it.
pub(crate) struct Row {
    pub(crate) segment: Segment,
    pub(crate) condition: v1::Condition,
}

/// All of a brand's segments by code, with their conditions; their number is bounded.
pub(crate) async fn conditions(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<(String, Condition)>, Fault> {
    const ALL: &str = "SELECT segment_code, condition_tree FROM segment WHERE tenant_id = $1";
    let rows = query(conn, ALL, [tenant.uuid().into()]).await?;
    let read = |row: &QueryResult| {
        let (_, condition) = condition::wire::decode(&row.get::<Vec<u8>>(1)?)?;
        Ok((row.get(0)?, condition))
    };
    rows.iter().map(read).collect()
}

/// One segment.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<Option<Row>, Fault> {
    let sql = format!(
        "SELECT {} FROM segment WHERE tenant_id = $1 AND segment_code = $2",
        columns()
    );
    query(conn, &sql, [tenant.uuid().into(), code.into()])
        .await?
        .first()
        .map(read)
        .transpose()
}

/// A page of segments after a code.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: &str,
    rows_max: i64,
) -> Result<Vec<Row>, Fault> {
    let sql = format!(
        "SELECT {} FROM segment WHERE tenant_id = $1 AND segment_code > $2 ORDER BY segment_code LIMIT {rows_max}",
        columns()
    );
    query(conn, &sql, [tenant.uuid().into(), after.into()])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// How many segments a brand has.
pub(crate) async fn count(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<u64, Fault> {
    let rows = query(
        conn,
        "SELECT COUNT(*) FROM segment WHERE tenant_id = $1",
        [tenant.uuid().into()],
    )
    .await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    u64::try_from(count).map_err(Fault::internal)
}

/// Writes a new segment.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, row: &Row) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO segment (tenant_id, segment_code, display_name, description, condition_tree, \
         condition_version, is_evaluating, evaluated_count, version, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let Segment {
        code,
        display_name,
        description,
        ..
    } = row.segment.clone();
    let parameters = [
        tenant.uuid().into(),
        code.into(),
        display_name.into(),
        description.into(),
        condition::wire::encode(&row.condition).into(),
        row.segment.condition_version.into(),
        row.segment.is_evaluating.into(),
        row.segment.evaluated_count.into(),
        row.segment.version.into(),
        row.segment.create_time.micros().into(),
        row.segment.update_time.micros().into(),
    ];
    execute(&**tx, INSERT, parameters).await?;
    Ok(())
}

/// Writes a segment's name and description.
pub(crate) async fn update(tx: &Tx, tenant: Tenant, segment: &Segment) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE segment SET display_name = $3, description = $4, version = $5, update_time = $6 \
         WHERE tenant_id = $1 AND segment_code = $2";
    let parameters = [
        tenant.uuid().into(),
        segment.code.clone().into(),
        segment.display_name.clone().into(),
        segment.description.clone().into(),
        segment.version.into(),
        segment.update_time.micros().into(),
    ];
    execute(&**tx, UPDATE, parameters).await?;
    Ok(())
}

/// Writes a new condition; the evaluation begins at the first member.
pub(crate) async fn update_condition(tx: &Tx, tenant: Tenant, row: &Row) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE segment SET condition_tree = $3, condition_version = $4, is_evaluating = $5, \
         evaluated_to = NULL, evaluated_count = 0 WHERE tenant_id = $1 AND segment_code = $2";
    let parameters = [
        tenant.uuid().into(),
        row.segment.code.clone().into(),
        condition::wire::encode(&row.condition).into(),
        row.segment.condition_version.into(),
        true.into(),
    ];
    execute(&**tx, UPDATE, parameters).await?;
    Ok(())
}

/// A segment that is being evaluated and is not set aside, of the brand whose turn it is after another one's.
pub(crate) async fn next_evaluation(
    conn: &impl ConnectionTrait,
    turn: Tenant,
    now: Time,
) -> Result<Option<(Tenant, String)>, Fault> {
    let free = stuck::is_free(EVALUATIONS, "segment.tenant_id", "segment.segment_code", "$2");
    let list = format!("SELECT tenant_id, segment_code FROM segment WHERE is_evaluating AND {free}");
    next_in_turn(conn, &list, "segment_code", turn, now).await
}

/// How far a segment's evaluation is, which is locked; none where it is over.
pub(crate) async fn evaluated_to(tx: &Tx, tenant: Tenant, code: &str) -> Result<Option<Option<MemberId>>, Fault> {
    let lock = for_update(tx.get_database_backend());
    let sql =
        format!("SELECT evaluated_to FROM segment WHERE tenant_id = $1 AND segment_code = $2 AND is_evaluating{lock}");
    let rows = query(&**tx, &sql, [tenant.uuid().into(), code.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let member: Option<Uuid> = row.get(0)?;
    Ok(Some(member.map(MemberId::from_uuid)))
}

/// Notes how far a segment's evaluation is.
pub(crate) async fn evaluate_to(
    tx: &Tx,
    tenant: Tenant,
    code: &str,
    last: MemberId,
    evaluated: i64,
) -> Result<(), Fault> {
    const MOVE: &str = "UPDATE segment SET evaluated_to = $3, evaluated_count = evaluated_count + $4 \
         WHERE tenant_id = $1 AND segment_code = $2";
    let parameters = [tenant.uuid().into(), code.into(), last.uuid().into(), evaluated.into()];
    execute(&**tx, MOVE, parameters).await?;
    Ok(())
}

/// Ends a segment's evaluation.
pub(crate) async fn end_evaluation(tx: &Tx, tenant: Tenant, code: &str) -> Result<(), Fault> {
    const END: &str = "UPDATE segment SET is_evaluating = $3 WHERE tenant_id = $1 AND segment_code = $2";
    execute(&**tx, END, [tenant.uuid().into(), code.into(), false.into()]).await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Row, Fault> {
    let (wire, condition) = condition::wire::decode(&row.get::<Vec<u8>>(3)?)?;
    let segment = Segment {
        code: row.get(0)?,
        display_name: row.get(1)?,
        description: row.get(2)?,
        condition,
        condition_version: row.get(4)?,
        is_evaluating: row.get(5)?,
        evaluated_count: row.get(6)?,
        version: row.get(7)?,
        create_time: row.time(8)?,
        update_time: row.time(9)?,
        failure: row.get(10)?,
    };
    Ok(Row {
        segment,
        condition: wire,
    })
}
