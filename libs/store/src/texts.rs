//! Ids that were stored before ids had one form. A caller that asks for one by its form now finds nothing.

use std::fmt;

use fault::Fault;
use kernel::text;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use crate::{Column, Db, statement};

/// How many rows are read at a time.
const ROWS_MAX: usize = 5_000;
/// How many ids of a table are told.
pub const TOLD_MAX: usize = 5;

/// Columns of a table that hold ids as their senders wrote them.
#[derive(Debug, Clone, Copy)]
pub struct Identifiers {
    /// The table.
    pub table: &'static str,
    /// Its primary key, of ids, words and numbers of 64 bits.
    pub key: &'static [(&'static str, Column)],
    /// The columns with ids.
    pub columns: &'static [&'static str],
    /// What an operator does about a row whose id is not in its form.
    pub mend: &'static str,
}

/// An id that is not in its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncleanText {
    /// Its column.
    pub column: &'static str,
    /// What the row is found by.
    pub key: String,
    /// The id as it is stored.
    pub text: String,
    /// Its form, or why it has none.
    pub form: Result<String, text::TextError>,
}

/// The ids of a table, looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedThrough {
    /// How many rows there are.
    pub rows: u64,
    /// How many ids are not in their form.
    pub unclean: u64,
    /// Some of these, at most [`TOLD_MAX`].
    pub told: Vec<UncleanText>,
}

impl fmt::Display for UncleanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            column,
            key,
            text,
            form,
        } = self;
        match form {
            Ok(form) => write!(f, "{column} {text:?} (where {key}): its form is {form:?}"),
            Err(error) => write!(f, "{column} {text:?} (where {key}): {error}"),
        }
    }
}

impl Db {
    /// Looks for ids that are not in their form. Reads the whole table, page by page, and changes nothing; `progress` is
    /// told after each page how many rows were read.
    pub async fn unclean_texts(&self, of: &Identifiers, mut progress: impl FnMut(u64)) -> Result<LookedThrough, Fault> {
        let names = of.key.iter().map(|(name, _)| *name);
        let key = names.clone().collect::<Vec<_>>().join(", ");
        let selected: Vec<&str> = names.chain(of.columns.iter().copied()).collect();
        let places: Vec<String> = (1..=of.key.len())
            .map(|number| ["$", &number.to_string()].concat())
            .collect();
        let beyond = format!(" WHERE ({key}) > ({})", places.join(", "));
        let mut looked = LookedThrough::default();
        let mut last: Vec<Value> = Vec::new();
        loop {
            let beyond = if last.is_empty() { "" } else { &beyond };
            let sql = format!(
                "SELECT {} FROM {}{beyond} ORDER BY {key} LIMIT {ROWS_MAX}",
                selected.join(", "),
                of.table
            );
            let rows = self.read().query_all_raw(statement(self.read(), &sql, last)).await?;
            for row in &rows {
                look(of, row, &mut looked)?;
            }
            let (Some(row), false) = (rows.last(), rows.len() < ROWS_MAX) else {
                return Ok(looked);
            };
            last = key_of(of, row)?;
            progress(looked.rows);
        }
    }
}

fn look(of: &Identifiers, row: &QueryResult, looked: &mut LookedThrough) -> Result<(), Fault> {
    looked.rows = looked.rows.saturating_add(1);
    for (column, index) in of.columns.iter().zip(of.key.len()..) {
        let Some(text) = row.try_get_by_index::<Option<String>>(index)? else {
            continue;
        };
        let form = text::identifier(&text).map(std::borrow::Cow::into_owned);
        if form.as_ref() == Ok(&text) {
            continue;
        }
        looked.unclean = looked.unclean.saturating_add(1);
        if looked.told.len() < TOLD_MAX {
            let key = told_key(of, &key_of(of, row)?);
            looked.told.push(UncleanText {
                column,
                key,
                text,
                form,
            });
        }
    }
    Ok(())
}

fn key_of(of: &Identifiers, row: &QueryResult) -> Result<Vec<Value>, Fault> {
    let value = |(index, (_, column)): (usize, &(&str, Column))| -> Result<Value, Fault> {
        Ok(match column {
            Column::Uuid => row.try_get_by_index::<Uuid>(index)?.into(),
            Column::Int => row.try_get_by_index::<i64>(index)?.into(),
            Column::Text => row.try_get_by_index::<String>(index)?.into(),
            Column::Bytes => row.try_get_by_index::<Vec<u8>>(index)?.into(),
            Column::Bool => row.try_get_by_index::<bool>(index)?.into(),
        })
    };
    of.key.iter().enumerate().map(value).collect()
}

/// The key as an operator finds the row by it, but for the ids, which are told by themselves.
fn told_key(of: &Identifiers, key: &[Value]) -> String {
    let named = of
        .key
        .iter()
        .zip(key)
        .filter(|((name, _), _)| !of.columns.contains(name));
    let told: Vec<String> = named
        .map(|((name, _), value)| match value {
            Value::Uuid(Some(id)) => format!("{name} = {id}"),
            Value::BigInt(Some(number)) => format!("{name} = {number}"),
            Value::String(Some(text)) => format!("{name} = {text:?}"),
            other => format!("{name} = {other:?}"),
        })
        .collect();
    told.join(" and ")
}
