//! The SQLite file of a service, from which its rows go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fault::Fault;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions};

use super::cell::{Cell, told};
use super::outbox;
use super::table::{Column, MIGRATIONS, Table};
use crate::connect::unopened;
use crate::place::Place;

/// What SQLite keeps of the file in memory, in KiB as it wants it: rows are read in the order of their keys, not as they lie.
const CACHE: &str = "-65536";
/// Rows that SQLite's thread may be ahead.
const ROWS_AHEAD_MAX: usize = 4_096;

/// The file, from which nothing but reading is done.
#[derive(Debug)]
pub struct Source {
    pub(super) place: Place,
    pub(super) connection: SqliteConnection,
}

impl Source {
    /// Opens a file that is there. What a process that was killed has left in its log is a part of it.
    pub async fn open(service: &str, file: &Path) -> Result<Self, Fault> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .row_buffer_size(ROWS_AHEAD_MAX)
            .pragma("cache_size", CACHE)
            .pragma("query_only", "on")
            .disable_statement_logging();
        let place = Place::file(service, &options);
        let connection = options.connect().await.map_err(|error| unopened(&place, &error))?;
        Ok(Self { place, connection })
    }

    /// Refuses a file on whose disk is not what was written.
    pub async fn check(&mut self) -> Result<(), Fault> {
        let found: Result<String, _> = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut self.connection)
            .await;
        match found.map_err(|error| self.failed(&error))?.as_str() {
            "ok" => Ok(()),
            damage => Err(Fault::internal(format!("{} is damaged: {damage}", self.place))),
        }
    }

    /// What has been done to its tables.
    pub async fn migrations(&mut self) -> Result<BTreeSet<String>, Fault> {
        let versions = sqlx::query_scalar("SELECT version FROM seaql_migrations")
            .fetch_all(&mut self.connection)
            .await;
        Ok(versions.map_err(|error| self.failed(&error))?.into_iter().collect())
    }

    /// Refuses a file that has another table or column than these, of which nothing would be moved.
    pub async fn check_tables(&mut self, tables: &[Table]) -> Result<(), Fault> {
        const COLUMNS: &str = "SELECT m.name, c.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> ?";
        let rows: Result<Vec<(String, String)>, _> = sqlx::query_as(COLUMNS)
            .bind(MIGRATIONS)
            .fetch_all(&mut self.connection)
            .await;
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (table, column) in rows.map_err(|error| self.failed(&error))? {
            found.entry(table).or_default().insert(column);
        }
        outbox::as_in_target(&mut found);
        let columns = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect();
        let moved: BTreeMap<String, BTreeSet<String>> = tables
            .iter()
            .map(|table| (table.name().to_owned(), columns(table)))
            .collect();
        let differs = |name: &&String| found.get(*name) != moved.get(*name);
        match found.keys().chain(moved.keys()).find(differs) {
            None => Ok(()),
            Some(name) => Err(Fault::internal(format!(
                "{}: the table {name} is not what it is in PostgreSQL: somebody has changed one of the two by hand",
                self.place
            ))),
        }
    }

    /// How many rows a table has.
    pub async fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let count: Result<i64, _> = sqlx::query_scalar(AssertSqlSafe(table.count_source()))
            .fetch_one(&mut self.connection)
            .await;
        u64::try_from(count.map_err(|error| self.failed(&error))?).map_err(Fault::internal)
    }

    fn failed(&self, error: &sqlx::Error) -> Fault {
        unopened(&self.place, error)
    }
}

/// A row of a table. What PostgreSQL could not take is told by its row and column.
pub(super) fn cells(place: &Place, table: &Table, row: &SqliteRow) -> Result<Vec<Cell>, Fault> {
    let read = |at: usize, column: &Column| Cell::of_sqlite(row, at, column.kind);
    let cells = table.columns.iter().enumerate().map(|(at, column)| {
        read(at, column).map_err(|wrong| {
            let key = table.key.iter().filter_map(|&at| {
                let column = table.columns.get(at)?;
                Some((column, read(at, column).unwrap_or(Cell::Null)))
            });
            let key: Vec<_> = key.collect();
            let key = told(key.iter().map(|(column, cell)| (*column, cell)));
            Fault::internal(format!(
                "{place}: {} of {} cannot be moved, in the row of {key}: {wrong}",
                column.name,
                table.name()
            ))
        })
    });
    cells.collect()
}
