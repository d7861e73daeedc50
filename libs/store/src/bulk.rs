//! Many rows in one statement, on both databases.

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// Parameters of one statement: SQLite takes 32,766, PostgreSQL 65,535.
const PARAMETERS_MAX: usize = 30_000;

/// The type of a column in a list of values. PostgreSQL takes a parameter without a context for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// An id.
    Uuid,
    /// A number, an amount, a time.
    Int,
    /// Words.
    Text,
    /// Bytes.
    Bytes,
    /// A truth value.
    Bool,
}

/// A statement with its parameters, for the database of this connection.
pub fn statement(conn: &impl ConnectionTrait, sql: &str, parameters: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, parameters)
}

/// Inserts rows by as few statements as the databases' limits allow, and answers how many went in.
///
/// `head` is "INSERT INTO table (a, b)", `tail` what follows the values: "ON CONFLICT DO NOTHING", or nothing.
pub async fn insert_rows(
    conn: &impl ConnectionTrait,
    head: &str,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, Fault> {
    let width = rows.first().map_or(1, Vec::len).max(1);
    let rows_max = PARAMETERS_MAX.checked_div(width).unwrap_or(1).max(1);
    let mut inserted: u64 = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(rows_max).collect();
        let (list, parameters) = list(1, chunk, |_| "");
        let sql = format!("{head} VALUES {list} {tail}");
        let outcome = conn.execute_raw(statement(conn, &sql, parameters)).await?;
        inserted = inserted.saturating_add(outcome.rows_affected());
    }
    Ok(inserted)
}

/// A list of rows for use within a statement, `(VALUES ($4, $5), ($6, $7))`, whose columns both databases call
/// `column1`, `column2` and so on; and its parameters, of which the first is `$first`.
///
/// For `UPDATE lot SET remaining = v.column2 FROM (VALUES ...) AS v WHERE lot_id = v.column1` and
/// `WHERE (tenant_id, lot_id) IN (VALUES ...)`. The caller keeps the number of rows bounded.
pub fn values(backend: DbBackend, first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    debug_assert!(rows.iter().all(|row| row.len() == columns.len()) && !rows.is_empty());
    let cast = |column: usize| match (backend, columns.get(column)) {
        (DbBackend::Postgres, Some(Column::Uuid)) => "::uuid",
        (DbBackend::Postgres, Some(Column::Int)) => "::bigint",
        (DbBackend::Postgres, Some(Column::Text)) => "::text",
        (DbBackend::Postgres, Some(Column::Bytes)) => "::bytea",
        (DbBackend::Postgres, Some(Column::Bool)) => "::boolean",
        _ => "",
    };
    let (list, parameters) = list(first, rows, cast);
    (format!("(VALUES {list})"), parameters)
}

fn list(first: usize, rows: Vec<Vec<Value>>, cast: impl Fn(usize) -> &'static str) -> (String, Vec<Value>) {
    let (mut sql, mut parameters) = (String::new(), Vec::new());
    for row in rows {
        sql.push_str(if sql.is_empty() { "(" } else { ", (" });
        for (column, value) in row.into_iter().enumerate() {
            let number = first.saturating_add(parameters.len());
            let comma = if column == 0 { "" } else { ", " };
            sql.push_str(&format!("{comma}${number}{}", cast(column)));
            parameters.push(value);
        }
        sql.push(')');
    }
    (sql, parameters)
}
