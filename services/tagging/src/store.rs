//! The rows of tagging and the statements on them. Every function takes many rows at once; the decisions are elsewhere.

mod identifiers;
pub(crate) mod migrations;

pub(crate) use identifiers::IDENTIFIERS;
pub(crate) use migrations::migrations;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, statement, values};
use uuid::Uuid;

use crate::member::MemberId;

/// The rows that a statement finds.
pub(crate) async fn query(
    conn: &impl ConnectionTrait,
    sql: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Fault> {
    Ok(conn.query_all_raw(statement(conn, sql, parameters)).await?)
}

/// Runs a statement and answers how many rows it touched.
pub(crate) async fn execute(
    conn: &impl ConnectionTrait,
    sql: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Result<u64, Fault> {
    Ok(conn
        .execute_raw(statement(conn, sql, parameters))
        .await?
        .rows_affected())
}

/// The rows of the members of a list, for [`store::look_up`].
pub(crate) const OF_MEMBER: &str = "t.tenant_id = $1 AND t.member_id = k.column1";

/// A list of members, with its parameters, of which the first is `$first`.
pub(crate) fn member_list(
    conn: &impl ConnectionTrait,
    first: usize,
    members: impl IntoIterator<Item = MemberId>,
) -> (String, Vec<Value>) {
    let rows = members.into_iter().map(|member| vec![member.uuid().into()]).collect();
    values(conn.get_database_backend(), first, &[Column::Uuid], rows)
}

/// The first definition of a list, of the brand whose turn it is after another one's, so that no brand waits for all that
/// another one has to do. The list gives tenant and code, with `$2` the present time.
pub(crate) async fn next_in_turn(
    conn: &impl ConnectionTrait,
    list: &str,
    code: &str,
    turn: Tenant,
    now: Time,
) -> Result<Option<(Tenant, String)>, Fault> {
    for turn_of in [">", "<="] {
        let sql = format!("{list} AND tenant_id {turn_of} $1 ORDER BY tenant_id, {code} LIMIT 1");
        let rows = query(conn, &sql, [turn.uuid().into(), now.micros().into()]).await?;
        if let Some(row) = rows.first() {
            let tenant = Tenant::from_uuid(row.try_get_by_index(0)?);
            return Ok(Some((tenant, row.try_get_by_index(1)?)));
        }
    }
    Ok(None)
}

pub(crate) fn member_id(row: &QueryResult, index: usize) -> Result<MemberId, Fault> {
    Ok(MemberId::from_uuid(row.try_get_by_index::<Uuid>(index)?))
}

pub(crate) fn time(row: &QueryResult, index: usize) -> Result<Time, Fault> {
    Ok(Time::from_micros(row.try_get_by_index(index)?))
}

pub(crate) fn optional_time(row: &QueryResult, index: usize) -> Result<Option<Time>, Fault> {
    Ok(row.try_get_by_index::<Option<i64>>(index)?.map(Time::from_micros))
}
