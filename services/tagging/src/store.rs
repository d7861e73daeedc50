//! The migrations, and what the statements of the rooms share.

mod identifiers;
pub(crate) mod migrations;

pub(crate) use identifiers::IDENTIFIERS;
pub(crate) use migrations::migrations;

use std::time::Duration;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, statement, values};

use crate::member::MemberId;

/// How often an idle worker looks whether there is something to do.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The rows that a statement finds.
pub(crate) async fn query(
    conn: &impl ConnectionTrait,
    sql: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Fault> {
    Ok(conn.query_all_raw(statement(conn, sql, parameters)).await?)
}

/// Runs a statement that changes rows which the transaction has locked, or none.
pub(crate) async fn execute(
    conn: &impl ConnectionTrait,
    sql: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Result<(), Fault> {
    conn.execute_raw(statement(conn, sql, parameters)).await?;
    Ok(())
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
            return Ok(Some((row.tenant(0)?, row.get(1)?)));
        }
    }
    Ok(None)
}
