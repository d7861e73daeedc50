//! The migrations, and what the statements of the rooms share.

pub(crate) mod migrations;

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{for_update, look_up, statement};

/// The rows of members in a table, by the list of their keys.
pub(crate) const OF_MEMBER: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2";

/// Locks the rows that a list names, in its order, so that they can be changed where they lie. SQLite has one writer, who
/// needs no locks.
pub(crate) async fn lock_listed(
    conn: &impl ConnectionTrait,
    (list, parameters): (&str, &[Value]),
    table: &str,
    on: &str,
) -> Result<(), Fault> {
    let backend = conn.get_database_backend();
    if backend == DbBackend::Sqlite {
        return Ok(());
    }
    let on = format!("{on}{}", for_update(backend));
    let sql = format!("SELECT t.tenant_id FROM {}", look_up(backend, list, table, &on));
    conn.query_all_raw(statement(conn, &sql, parameters.iter().cloned()))
        .await?;
    Ok(())
}
