//! Compares the rows of a table on both sides.

use std::cmp::Ordering;

use fault::Fault;
use futures::TryStreamExt;
use sea_orm::sqlx::{self, AssertSqlSafe};
use sha2::{Digest, Sha256};

use super::cell::Cell;
use super::source::{self, Source};
use super::table::Table;
use super::target::{self, Target};

/// How a table stands on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What the file has.
    pub source: Sum,
    /// What PostgreSQL has.
    pub target: Sum,
    /// The first row that is not the same on both sides, by its key, and what of it is not.
    pub difference: Option<String>,
}

/// All rows of a table, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub rows: u64,
    /// SHA-256 over the kinds and values of all their columns, in hexadecimal digits.
    pub checksum: String,
}

impl Compared {
    /// Whether there is nothing that differs.
    pub fn are_equal(&self) -> bool {
        self.difference.is_none() && self.source == self.target
    }
}

/// A side that is being read.
struct Side {
    rows: u64,
    sum: Sha256,
}

impl Side {
    fn new(table: &Table) -> Self {
        let mut sum = Sha256::new();
        sum.update(format!("{}({})", table.name(), table.column_list()));
        Self { rows: 0, sum }
    }

    fn add(&mut self, row: Option<&Vec<Cell>>) {
        for cell in row.into_iter().flatten() {
            cell.sum(&mut self.sum);
        }
        self.rows = self.rows.saturating_add(u64::from(row.is_some()));
    }

    fn ended(self) -> Sum {
        Sum {
            rows: self.rows,
            checksum: hex::encode(self.sum.finalize()),
        }
    }
}

/// Reads a table on both sides, row beside row.
pub async fn compare(source: &mut Source, target: &mut Target, table: &Table) -> Result<Compared, Fault> {
    let Source { place, connection } = source;
    let mut left = sqlx::query(AssertSqlSafe(table.read_source(false)))
        .fetch(connection)
        .map_err(|error| crate::connect::unopened(place, &error));
    let options = target.options().clone();
    let mut right = sqlx::query(AssertSqlSafe(table.read_target()))
        .fetch(&mut target.session)
        .map_err(|error| target::failed(&options, table.service(), &error));
    let mut next_left = async || {
        let row = left.try_next().await?;
        row.map(|row| source::cells(place, table, &row)).transpose()
    };
    let mut next_right = async || {
        let row = right.try_next().await?;
        row.map(|row| target::cells(table, &row)).transpose()
    };
    let (mut here, mut there) = (Side::new(table), Side::new(table));
    let mut difference = None;
    let (mut one, mut other) = (next_left().await?, next_right().await?);
    here.add(one.as_ref());
    there.add(other.as_ref());
    while let Some(order) = order(table, one.as_ref(), other.as_ref()) {
        if difference.is_none() {
            difference = told(table, order, one.as_deref(), other.as_deref());
        }
        if order.is_le() {
            one = next_left().await?;
            here.add(one.as_ref());
        }
        if order.is_ge() {
            other = next_right().await?;
            there.add(other.as_ref());
        }
    }
    Ok(Compared {
        source: here.ended(),
        target: there.ended(),
        difference,
    })
}

/// Which of two rows comes first; none where both sides are at their end.
fn order(table: &Table, one: Option<&Vec<Cell>>, other: Option<&Vec<Cell>>) -> Option<Ordering> {
    match (one, other) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(one), Some(other)) => Some(table.key_of(one).cmp(&table.key_of(other))),
    }
}

/// What is not the same, if anything is not.
fn told(table: &Table, order: Ordering, one: Option<&[Cell]>, other: Option<&[Cell]>) -> Option<String> {
    let key = |row: Option<&[Cell]>| row.map_or_else(String::new, |row| table.told(row));
    match order {
        Ordering::Less => Some(format!("the row of {} is missing in PostgreSQL", key(one))),
        Ordering::Greater => Some(format!("the row of {} is in PostgreSQL alone", key(other))),
        Ordering::Equal => {
            let (mine, theirs) = (one?, other?);
            let cells = table.columns.iter().zip(mine.iter().zip(theirs));
            let differ: Vec<&str> = cells
                .filter(|(_, (mine, theirs))| mine != theirs)
                .map(|(column, _)| &*column.name)
                .collect();
            (!differ.is_empty()).then(|| format!("the row of {} differs in {}", key(one), differ.join(", ")))
        }
    }
}
