//! Copies the rows of a table, from where it was left.

use fault::Fault;
use futures::TryStreamExt;
use sea_orm::sqlx::sqlite::SqliteArguments;
use sea_orm::sqlx::{self, AssertSqlSafe, Sqlite};

use super::cell::Cell;
use super::source::Source;
use super::table::Table;
use super::target::Target;

/// How many rows go in one statement, and how many bytes, from which on it is sent.
const BATCH_ROWS_MAX: u64 = 5_000;
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Rows on their way.
#[derive(Default)]
struct Batch {
    written: Vec<u8>,
    rows: u64,
}

impl Batch {
    fn add(&mut self, row: &[Cell]) {
        let mut is_first = true;
        for cell in row {
            if !std::mem::take(&mut is_first) {
                self.written.push(b'\t');
            }
            cell.write(&mut self.written);
        }
        self.written.push(b'\n');
        self.rows = self.rows.saturating_add(1);
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS_MAX || self.written.len() >= BATCH_BYTES_MAX
    }
}

/// Copies the rows of a table that have not arrived yet, and tells how many rows more have, after each batch.
pub async fn copy(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    news: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Fault> {
    let last = last_key(target, table).await?;
    let sql = table.read_source(!last.is_empty());
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for cell in last {
        query = bind(query, cell);
    }
    let mut batch = Batch::default();
    let Source { place, connection } = source;
    let mut rows = query.fetch(connection);
    while let Some(row) = rows
        .try_next()
        .await
        .map_err(|error| crate::connect::unopened(place, &error))?
    {
        batch.add(&super::source::cells(place, table, &row)?);
        if batch.is_full() {
            target.write(table, &batch.written).await?;
            news(batch.rows);
            batch.written.clear();
            batch.rows = 0;
        }
    }
    if batch.rows > 0 {
        target.write(table, &batch.written).await?;
        news(batch.rows);
    }
    Ok(())
}

/// The key of the last row that has arrived; nothing where none has.
async fn last_key(target: &mut Target, table: &Table) -> Result<Vec<Cell>, Fault> {
    let sql = AssertSqlSafe(table.read_last_key());
    let row = sqlx::query(sql).fetch_optional(&mut target.session).await;
    let Some(row) = row.map_err(|error| target.failed(table.service(), &error))? else {
        return Ok(Vec::new());
    };
    let cell = |(at, column): (usize, &super::table::Column)| Cell::of_postgres(&row, at, column.kind);
    let cells: Result<_, _> = table.key_columns().enumerate().map(cell).collect();
    cells.map_err(Fault::internal)
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// As SQLite keeps it.
fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Uuid(uuid) => query.bind(uuid.as_bytes().to_vec()),
        Cell::Bytes(bytes) => query.bind(bytes),
        Cell::Bool(value) => query.bind(i64::from(value)),
        Cell::Int(number) => query.bind(number),
        Cell::Text(text) => query.bind(text),
    }
}
