//! Reading rows: what the platform's statements share of types, so that no service writes it again.

use std::fmt;

use fault::Fault;
use kernel::{Id, Kind, Tenant, Time};
use sea_orm::{ColIdx, QueryResult, TryGetable};
use uuid::Uuid;

/// The columns of a row, each by its name or its place.
pub trait Row {
    /// A column.
    fn get<T: TryGetable>(&self, column: impl ColIdx) -> Result<T, Fault>;

    /// The id in a column.
    fn id<K: Kind>(&self, column: impl ColIdx) -> Result<Id<K>, Fault> {
        self.get::<Uuid>(column).map(Id::from_uuid)
    }

    /// The tenant in a column.
    fn tenant(&self, column: impl ColIdx) -> Result<Tenant, Fault> {
        self.get::<Uuid>(column).map(Tenant::from_uuid)
    }

    /// The moment in a column.
    fn time(&self, column: impl ColIdx) -> Result<Time, Fault> {
        self.get::<i64>(column).map(Time::from_micros)
    }

    /// The moment in a column that may be null.
    fn optional_time(&self, column: impl ColIdx) -> Result<Option<Time>, Fault> {
        Ok(self.get::<Option<i64>>(column)?.map(Time::from_micros))
    }

    /// A count or a version, which is stored as 64 bits as all numbers are.
    fn int(&self, column: impl ColIdx) -> Result<i32, Fault> {
        i32::try_from(self.get::<i64>(column)?).map_err(Fault::internal)
    }
}

impl Row for QueryResult {
    fn get<T: TryGetable>(&self, column: impl ColIdx) -> Result<T, Fault> {
        Ok(self.try_get_by(column)?)
    }
}

/// The columns of a row, one after the other.
#[derive(Debug)]
pub struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    /// From the first one.
    pub fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    fn place(&mut self) -> usize {
        let place = self.next;
        self.next = self.next.saturating_add(1);
        place
    }

    /// The next column.
    pub fn take<T: TryGetable>(&mut self) -> Result<T, Fault> {
        let place = self.place();
        self.row.get(place)
    }

    /// The id in the next column.
    pub fn id<K: Kind>(&mut self) -> Result<Id<K>, Fault> {
        let place = self.place();
        self.row.id(place)
    }

    /// The tenant in the next column.
    pub fn tenant(&mut self) -> Result<Tenant, Fault> {
        let place = self.place();
        self.row.tenant(place)
    }

    /// The moment in the next column.
    pub fn time(&mut self) -> Result<Time, Fault> {
        let place = self.place();
        self.row.time(place)
    }

    /// The moment in the next column, which may be null.
    pub fn optional_time(&mut self) -> Result<Option<Time>, Fault> {
        let place = self.place();
        self.row.optional_time(place)
    }

    /// The count or version in the next column.
    pub fn int(&mut self) -> Result<i32, Fault> {
        let place = self.place();
        self.row.int(place)
    }
}

/// A row that no version of the service has written: somebody else has, or the database is damaged. `what` is what its table
/// holds, with the value: "the proof GUESSED".
pub fn unreadable(table: &str, what: impl fmt::Display) -> Fault {
    Fault::internal(format!("a row of {table} cannot be read: {what}"))
}
