//! The tables of journeys and runs, and every statement on them.

pub(crate) mod entries;
pub(crate) mod figures;
pub(crate) mod heard;
pub(crate) mod journeys;
pub(crate) mod listeners;
pub(crate) mod merges;
pub(crate) mod run_row;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod steps;
pub(crate) mod versions;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{DbBackend, QueryResult, TryGetable};
use uuid::Uuid;

/// Locks what a query finds, always in the same order, so that no two transactions wait for each other in a circle.
/// SQLite has one writer and locks nothing; there the order would only lead it to a worse index.
fn lock_by(backend: DbBackend, order: &str) -> String {
    match backend {
        DbBackend::Postgres => format!(" ORDER BY {order} FOR UPDATE"),
        _ => String::new(),
    }
}

/// A column of a row, by its name.
fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, Fault> {
    Ok(row.try_get("", column)?)
}

fn get_tenant(row: &QueryResult) -> Result<Tenant, Fault> {
    Ok(Tenant::from_uuid(get::<Uuid>(row, "tenant_id")?))
}

fn get_time(row: &QueryResult, column: &str) -> Result<Time, Fault> {
    Ok(Time::from_micros(get(row, column)?))
}

fn get_time_or_none(row: &QueryResult, column: &str) -> Result<Option<Time>, Fault> {
    Ok(get::<Option<i64>>(row, column)?.map(Time::from_micros))
}

/// A count or version, which the database keeps as 64 bits as it does all numbers.
fn get_i32(row: &QueryResult, column: &str) -> Result<i32, Fault> {
    i32::try_from(get::<i64>(row, column)?).map_err(Fault::internal)
}
