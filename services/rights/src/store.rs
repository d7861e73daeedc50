//! The tables, and the statements on them: the only place that speaks SQL.
//!
//! A transaction that touches several of them locks in this order: members (sorted), then a template, then the rest.

mod identifiers;
pub(crate) mod migrations;

use fault::Fault;
use kernel::Time;
use sea_orm::{QueryResult, TryGetable};

pub use identifiers::IDENTIFIERS;
pub use migrations::migrations;

/// The columns of a row, read one after the other.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, Fault> {
        let value = self.row.try_get_by_index(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }

    pub(crate) fn time(&mut self) -> Result<Time, Fault> {
        self.next().map(Time::from_micros)
    }
}

/// A row that no version of this service has written.
pub(crate) fn unreadable(table: &'static str, what: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("a row of {table} cannot be read: {what}"))
}
