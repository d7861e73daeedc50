//! Many rows in one statement, on both databases, by statements that are prepared once.
//!
//! The text of a statement does not tell how many rows it carries, or hardly: PostgreSQL gets one array for each column,
//! `SQLite` one text for all rows of a list, and rows that are inserted in numbers that are powers of two. Parsing a text
//! of a thousand rows costs more than inserting them, and fills the cache of prepared statements with texts that never
//! come again.

mod postgres;
mod sqlite;

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

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
/// `head` is "INSERT INTO table (a, b)", `tail` what follows the rows: "ON CONFLICT DO NOTHING", or nothing. The first
/// column is one that is never null; the values of each column are of one type.
pub async fn insert_rows(
    conn: &impl ConnectionTrait,
    head: &str,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, Fault> {
    let rows_max = match conn.get_database_backend() {
        DbBackend::Sqlite => sqlite::ROWS_MAX,
        _ => postgres::ROWS_MAX,
    };
    let mut inserted: u64 = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(rows_max).collect();
        let (source, parameters) = match conn.get_database_backend() {
            DbBackend::Sqlite => sqlite::inserted_rows(chunk),
            _ => postgres::inserted_rows(chunk),
        };
        let sql = format!("{head} {source} {tail}");
        let outcome = conn.execute_raw(statement(conn, &sql, parameters)).await?;
        inserted = inserted.saturating_add(outcome.rows_affected());
    }
    Ok(inserted)
}

/// A list of rows for use within a statement, in parentheses, whose columns are called `column1`, `column2` and so on; and
/// its parameters, of which the first is `$first`. How many there are differs by database: number what follows by their
/// length.
///
/// Rows are found by it with [`look_up`], changed and deleted with [`looked_up`], and chosen among those that something else
/// finds with [`among`]: not by `(tenant_id, lot_id) IN {list}` and not by a plain join, for which PostgreSQL may read the
/// whole table. The caller keeps the number of rows bounded.
pub fn values(backend: DbBackend, first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    debug_assert!(rows.iter().all(|row| row.len() == columns.len()) && !rows.is_empty());
    match backend {
        DbBackend::Sqlite => sqlite::list(first, columns, rows),
        _ => postgres::list(first, columns, rows),
    }
}

/// What follows `FROM` in a statement that reads, for each row `k` of a list, the rows `t` of a table that `on` names. They
/// come in the order of the list.
///
/// They are read by an index of the table, row by row, whatever the statistics of the table say: for hundreds of rows of a
/// table of some hundred thousand, PostgreSQL would rather read all of it, and read it again for the next hundreds. `on`
/// is the whole condition, `t.tenant_id = k.column1 AND ...`; a lock or an order with a limit may follow it.
pub fn look_up(backend: DbBackend, list: &str, table: &str, on: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("{list} AS k CROSS JOIN {table} AS t WHERE {on}"),
        // An offset, even of nothing, keeps the planner from turning the inner query into a join.
        _ => format!("{list} AS k CROSS JOIN LATERAL (SELECT * FROM {table} AS t WHERE {on} OFFSET 0) AS t"),
    }
}

/// The same with all rows `l` of a second table that `with_on` names, on `k`, `t` and `l`, or nulls where there is none: what
/// follows `FROM` up to a grouping, which also brings the order.
pub fn look_up_with(backend: DbBackend, list: &str, table: &str, on: &str, with: &str, with_on: &str) -> String {
    if backend == DbBackend::Sqlite {
        format!("{list} AS k CROSS JOIN {table} AS t LEFT JOIN {with} AS l ON {with_on} WHERE {on}")
    } else {
        let found = look_up(backend, list, table, on);
        format!("{found} LEFT JOIN LATERAL (SELECT * FROM {with} AS l WHERE {with_on} OFFSET 0) AS l ON TRUE")
    }
}

/// A condition, after `WHERE`, on the rows of a table that a list names: what [`look_up`] is for reading, for `UPDATE` and
/// `DELETE`. `key` names the columns of the table's primary key, `on` is the whole condition, on `k` and `t` as there.
///
/// The transaction keeps the rows from being changed by others, by a lock on them or on whose they are: PostgreSQL finds
/// them by where they lie, and a row that is changed lies elsewhere.
pub fn looked_up(backend: DbBackend, list: &str, table: &str, key: &[&str], on: &str) -> String {
    match backend {
        DbBackend::Sqlite => {
            let of_list: Vec<String> = key.iter().map(|column| format!("t.{column}")).collect();
            let found = look_up(backend, list, table, on);
            format!("({}) IN (SELECT {} FROM {found})", key.join(", "), of_list.join(", "))
        }
        _ => format!(
            "{table}.ctid = ANY(ARRAY(SELECT t.place FROM {list} AS k CROSS JOIN LATERAL \
             (SELECT t.ctid AS place FROM {table} AS t WHERE {on} OFFSET 0) AS t))"
        ),
    }
}

/// A condition on rows that the rest of a statement finds by an index: that `of`, a column or several in parentheses, is
/// one of a list. It finds nothing by itself; for that there is [`look_up`].
pub fn among(of: &str, list: &str) -> String {
    format!("{of} IN {list}")
}
