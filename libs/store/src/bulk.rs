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
        let (list, parameters) = inserted_rows(conn.get_database_backend(), chunk);
        let sql = format!("{head} VALUES {list} {tail}");
        let outcome = conn.execute_raw(statement(conn, &sql, parameters)).await?;
        inserted = inserted.saturating_add(outcome.rows_affected());
    }
    Ok(inserted)
}

/// A list of rows for use within a statement, in parentheses, whose columns are called `column1`, `column2` and so on; and
/// its parameters, of which the first is `$first`. How many there are differs by database: number what follows by their
/// length.
///
/// For `WHERE (tenant_id, lot_id) IN {list}`, `FROM {list} AS v JOIN lot ON ...`, and `UPDATE lot SET remaining = v.column3
/// FROM {list} AS v WHERE tenant_id = v.column1 AND lot_id = v.column2`. In an update let every column of the key come from
/// the list: given `tenant_id = $1`, SQLite reads all of the tenant's rows for each row of the list. The caller keeps the
/// number of rows bounded.
///
/// PostgreSQL gets `VALUES`. For SQLite that would be slow twice over: it looks numbered parameters up one by one, and uses
/// no index for `(a, b) IN (VALUES ...)`. It gets the rows as one JSON text.
pub fn values(backend: DbBackend, first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    debug_assert!(rows.iter().all(|row| row.len() == columns.len()) && !rows.is_empty());
    match backend {
        DbBackend::Sqlite => json_rows(first, columns, rows),
        _ => value_rows(first, columns, rows),
    }
}

fn json_rows(first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let read = |(index, column): (usize, &Column)| {
        let name = index.saturating_add(1);
        match column {
            Column::Uuid | Column::Bytes => format!("unhex(value ->> {index}) AS column{name}"),
            Column::Int | Column::Text | Column::Bool => format!("value ->> {index} AS column{name}"),
        }
    };
    let columns: Vec<String> = columns.iter().enumerate().map(read).collect();
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(json).collect::<serde_json::Value>());
    let rows: serde_json::Value = rows.collect();
    (
        format!("(SELECT {} FROM json_each(${first}))", columns.join(", ")),
        vec![rows.to_string().into()],
    )
}

fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Uuid(uuid) => uuid.map(|uuid| uuid.simple().to_string()).into(),
        Value::Bytes(bytes) => bytes.map(hex::encode).into(),
        Value::BigInt(number) => number.into(),
        Value::Int(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Bool(truth) => truth.into(),
        other => panic!("a list of rows carries ids, numbers, words, bytes and truth values, not {other:?}"),
    }
}

fn value_rows(first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let cast = |column: usize| match columns.get(column) {
        Some(Column::Uuid) => "::uuid",
        Some(Column::Int) => "::bigint",
        Some(Column::Text) => "::text",
        Some(Column::Bytes) => "::bytea",
        Some(Column::Bool) => "::boolean",
        None => "",
    };
    let (list, parameters) = list(rows, |column, number| {
        format!("${}{}", first.saturating_add(number), cast(column))
    });
    (format!("(VALUES {list})"), parameters)
}

fn inserted_rows(backend: DbBackend, rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    match backend {
        DbBackend::Sqlite => list(rows, |_, _| "?".to_owned()),
        _ => list(rows, |_, number| format!("${}", number.saturating_add(1))),
    }
}

/// `(p, p), (p, p)` with the placeholder that `placeholder` gives for a column and the number of the parameter, from 0.
fn list(rows: Vec<Vec<Value>>, placeholder: impl Fn(usize, usize) -> String) -> (String, Vec<Value>) {
    let (mut sql, mut parameters) = (String::new(), Vec::new());
    for row in rows {
        sql.push_str(if sql.is_empty() { "(" } else { ", (" });
        for (column, value) in row.into_iter().enumerate() {
            if column > 0 {
                sql.push_str(", ");
            }
            sql.push_str(&placeholder(column, parameters.len()));
            parameters.push(value);
        }
        sql.push(')');
    }
    (sql, parameters)
}
