//! The tables of journeys and runs, and every statement on them.

pub(crate) mod migrations;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, TryGetable, Value};
use store::{for_update, look_up, statement};
use uuid::Uuid;

/// What members have in a table, by the list of their keys.
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

/// A column of a row, by its name.
pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, Fault> {
    Ok(row.try_get("", column)?)
}

pub(crate) fn get_tenant(row: &QueryResult) -> Result<Tenant, Fault> {
    Ok(Tenant::from_uuid(get::<Uuid>(row, "tenant_id")?))
}

pub(crate) fn get_time(row: &QueryResult, column: &str) -> Result<Time, Fault> {
    Ok(Time::from_micros(get(row, column)?))
}

pub(crate) fn get_time_or_none(row: &QueryResult, column: &str) -> Result<Option<Time>, Fault> {
    Ok(get::<Option<i64>>(row, column)?.map(Time::from_micros))
}

/// A count or version, which the database keeps as 64 bits as it does all numbers.
pub(crate) fn get_i32(row: &QueryResult, column: &str) -> Result<i32, Fault> {
    i32::try_from(get::<i64>(row, column)?).map_err(Fault::internal)
}
