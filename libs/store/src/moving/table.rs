//! What is moved, by what PostgreSQL's catalogue says of a schema.

use std::collections::BTreeMap;

use fault::Fault;
use sea_orm::sqlx::{self, PgConnection};

use super::cell::{Cell, Kind, told};
use super::outbox;

/// A table of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    schema: String,
    name: String,
    pub(super) columns: Vec<Column>,
    /// Which of the columns are its primary key, in the key's order.
    pub(super) key: Vec<usize>,
}

/// A column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Column {
    /// As it is read from PostgreSQL: all numbers as one kind.
    fn read(&self) -> String {
        match self.kind {
            Kind::Int => format!("t.{}::INT8", quoted(&self.name)),
            Kind::Uuid | Kind::Bytes | Kind::Bool | Kind::Text => format!("t.{}", quoted(&self.name)),
        }
    }
}

/// What is each target's own.
pub(super) const MIGRATIONS: &str = "seaql_migrations";

const COLUMNS: &str = "
SELECT c.relname::TEXT, a.attname::TEXT, t.typname::TEXT, array_position(i.indkey::INT2[], a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname <> $2 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum";

/// Which table refers to which.
const REFERENCES: &str = "
SELECT DISTINCT c.relname::TEXT, p.relname::TEXT
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class p ON p.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND k.contype = 'f' AND c.oid <> p.oid";

const SEQUENCES: &str = "
SELECT c.relname::TEXT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'S' LIMIT 1";

/// A table of which columns are still being read.
#[derive(Default)]
struct Draft {
    columns: Vec<Column>,
    /// Which place in the key which column has.
    key: Vec<(i32, usize)>,
}

/// The tables of a schema, each after those that it refers to.
pub(super) async fn of_schema(session: &mut PgConnection, schema: &str) -> Result<Vec<Table>, Unreadable> {
    let sequence: Option<String> = sqlx::query_scalar(SEQUENCES)
        .bind(schema)
        .fetch_optional(&mut *session)
        .await?;
    if let Some(sequence) = sequence {
        // No migration makes one: ids come from the clock, numbers from the row that they count.
        return Err(bug(format!(
            "the sequence {schema}.{sequence} would begin anew: it is not known how to move it"
        )));
    }
    let rows: Vec<(String, String, String, Option<i32>)> = sqlx::query_as(COLUMNS)
        .bind(schema)
        .bind(MIGRATIONS)
        .fetch_all(&mut *session)
        .await?;
    let mut tables: BTreeMap<String, Draft> = BTreeMap::new();
    let moved = |(table, name, ..): &(String, String, String, Option<i32>)| {
        !outbox::stays(table) && !outbox::is_filled_by_target(table, name)
    };
    for (table, name, kind, in_key) in rows.into_iter().filter(moved) {
        let Some(kind) = Kind::of(&kind) else {
            return Err(bug(format!(
                "{schema}.{table}.{name} is of the type {kind}: it is not known how to move it"
            )));
        };
        let Draft { columns, key } = tables.entry(table).or_default();
        key.extend(in_key.map(|place| (place, columns.len())));
        columns.push(Column { name, kind });
    }
    let mut all = Vec::with_capacity(tables.len());
    for (name, Draft { columns, mut key }) in tables {
        key.sort_unstable();
        if key.is_empty() {
            return Err(bug(format!(
                "{schema}.{name} has no primary key, by which its rows could be moved"
            )));
        }
        let key = key.into_iter().map(|(_, column)| column).collect();
        let schema = schema.to_owned();
        all.push(Table {
            schema,
            name,
            columns,
            key,
        });
    }
    let references: Vec<(String, String)> = sqlx::query_as(REFERENCES).bind(schema).fetch_all(session).await?;
    parents_first(all, &references)
}

/// Why tables cannot be moved: the server's word, or a schema that this module was not written for.
pub(super) enum Unreadable {
    Sqlx(sqlx::Error),
    Bug(Fault),
}

impl From<sqlx::Error> for Unreadable {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

fn bug(what: String) -> Unreadable {
    Unreadable::Bug(Fault::internal(what))
}

fn parents_first(mut waiting: Vec<Table>, references: &[(String, String)]) -> Result<Vec<Table>, Unreadable> {
    let mut placed: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |table: &Table| {
            let mut parents = references.iter().filter(|(child, _)| *child == table.name);
            parents.all(|(_, parent)| placed.iter().any(|placed| placed.name == *parent))
        };
        let (ready, rest): (Vec<Table>, Vec<Table>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(bug(
                "tables refer to each other in a circle: it is not known how to move them".to_owned(),
            ));
        }
        placed.extend(ready);
        waiting = rest;
    }
    Ok(placed)
}

impl Table {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose it is.
    pub fn service(&self) -> &str {
        &self.schema
    }

    /// As a statement of PostgreSQL has it.
    pub(super) fn target(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// All columns, as `COPY` names them.
    pub(super) fn column_list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }

    /// What reads all rows from PostgreSQL, in the order of the key.
    pub(super) fn read_target(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(Column::read).collect();
        format!(
            "SELECT {} FROM {} AS t ORDER BY {}",
            columns.join(", "),
            self.target(),
            self.key_list(" ASC")
        )
    }

    /// What reads the last key from PostgreSQL.
    pub(super) fn read_last_key(&self) -> String {
        let columns: Vec<String> = self.key_columns().map(Column::read).collect();
        format!(
            "SELECT {} FROM {} AS t ORDER BY {} LIMIT 1",
            columns.join(", "),
            self.target(),
            self.key_list(" DESC")
        )
    }

    /// What reads rows from SQLite, in the order of the key: all, or those after a key that is bound.
    pub(super) fn read_source(&self, is_after: bool) -> String {
        let after = match is_after {
            true => {
                let places: Vec<&str> = self.key.iter().map(|_| "?").collect();
                format!(" WHERE ({}) > ({})", self.key_list(""), places.join(", "))
            }
            false => String::new(),
        };
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("t.{}", quoted(&column.name)))
            .collect();
        format!(
            "SELECT {} FROM {} AS t{after} ORDER BY {}",
            columns.join(", "),
            outbox::source_of(&self.name),
            self.key_list(" ASC")
        )
    }

    /// What counts the rows in SQLite.
    pub(super) fn count_source(&self) -> String {
        format!("SELECT COUNT(*) FROM {} AS t", outbox::source_of(&self.name))
    }

    pub(super) fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|&at| self.columns.get(at))
    }

    /// The columns of the key, each followed by the same words. They are named with their table, for PostgreSQL takes the bare
    /// name for what is selected, which no index is of where it is cast.
    fn key_list(&self, then: &str) -> String {
        let names = self
            .key_columns()
            .map(|column| format!("t.{}{then}", quoted(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A row by its key.
    pub(super) fn told(&self, row: &[Cell]) -> String {
        let cells = self
            .key
            .iter()
            .filter_map(|&at| Some((self.columns.get(at)?, row.get(at)?)));
        told(cells)
    }

    /// The key of a row.
    pub(super) fn key_of<'r>(&self, row: &'r [Cell]) -> Vec<&'r Cell> {
        self.key.iter().filter_map(|&at| row.get(at)).collect()
    }
}

/// A name as a statement has it, in both databases.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
        };
        Table {
            schema: "ledger".to_owned(),
            name: name.to_owned(),
            columns: vec![
                column("amount", Kind::Int),
                column("tenant", Kind::Uuid),
                column("number", Kind::Int),
            ],
            key: vec![1, 2],
        }
    }

    fn names(tables: Result<Vec<Table>, Unreadable>) -> Option<Vec<String>> {
        Some(tables.ok()?.into_iter().map(|table| table.name).collect())
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let reference = |child: &str, parent: &str| (child.to_owned(), parent.to_owned());
        let all = || ["freeze", "hold", "pool", "asset"].map(table).to_vec();
        let references = [
            reference("freeze", "pool"),
            reference("pool", "asset"),
            reference("hold", "pool"),
        ];
        assert_eq!(
            names(parents_first(all(), &references)).unwrap(),
            ["asset", "pool", "freeze", "hold"]
        );
        let circle = [reference("freeze", "pool"), reference("pool", "freeze")];
        assert_eq!(names(parents_first(all(), &circle)), None);
    }

    #[test]
    fn rows_are_read_in_the_order_of_the_key_from_both() {
        let table = table("entry");
        assert_eq!(
            table.read_source(true),
            "SELECT t.\"amount\", t.\"tenant\", t.\"number\" FROM \"entry\" AS t WHERE (t.\"tenant\", t.\"number\") > (?, ?) \
             ORDER BY t.\"tenant\" ASC, t.\"number\" ASC"
        );
        assert_eq!(
            table.read_target(),
            "SELECT t.\"amount\"::INT8, t.\"tenant\", t.\"number\"::INT8 FROM \"ledger\".\"entry\" AS t \
             ORDER BY t.\"tenant\" ASC, t.\"number\" ASC"
        );
    }
}
