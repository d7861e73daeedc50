use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, TryGetable, Value};
use store::{statement, stuck};
use uuid::Uuid;

use crate::domain::{AccountKey, CalendarMonth, EntryKind, SumPage, View};

/// How many keys one statement looks up at the most: three parameters each, within SQLite's limit.
pub(crate) const KEYS_MAX: usize = 5_000;

/// The rows that a statement answers with.
pub(crate) async fn select(
    conn: &impl ConnectionTrait,
    sql: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Fault> {
    Ok(conn.query_all_raw(statement(conn, sql, parameters)).await?)
}

/// What a queue calls an account.
pub(crate) fn account_item(key: &AccountKey) -> String {
    format!("{}/{}", key.member.uuid().simple(), key.asset)
}

/// The condition that a queue has not set an account aside: that of the row called `row`, with `$2` the present time.
pub(crate) fn free_account(backend: DbBackend, queue: &'static str, row: &str) -> String {
    let member = stuck::id_text(backend, &format!("{row}.member_id"));
    let item = format!("{member} || '/' || {row}.asset_code");
    stuck::is_free(queue, &format!("{row}.tenant_id"), &item, "$2")
}

/// Reads the columns of a row one after the other.
pub(crate) struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: TryGetable>(&mut self) -> Result<T, Fault> {
        let value = self.row.try_get_by_index(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }

    pub(crate) fn tenant(&mut self) -> Result<Tenant, Fault> {
        Ok(Tenant::from_uuid(self.take::<Uuid>()?))
    }

    pub(crate) fn time(&mut self) -> Result<Time, Fault> {
        Ok(Time::from_micros(self.take()?))
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Time>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Time::from_micros))
    }

    pub(crate) fn entry_kind(&mut self) -> Result<EntryKind, Fault> {
        let kind = self.take()?;
        EntryKind::from_number(kind).ok_or_else(|| broken("an entry's kind", kind))
    }

    /// The asset, the axis and the month of a running sum.
    pub(crate) fn sum_page(&mut self) -> Result<SumPage, Fault> {
        Ok(SumPage {
            asset: self.take::<String>()?.into(),
            view: view(self.take()?)?,
            month: CalendarMonth::from_number(self.take()?),
        })
    }
}

/// The view whose number stands as the axis of a running sum.
pub(crate) fn view(axis: i32) -> Result<View, Fault> {
    View::from_number(axis).ok_or_else(|| broken("a running sum's axis", axis))
}

/// A value that only this service writes was not readable: the table is broken.
pub(crate) fn broken(what: &str, value: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("the table holds {value} as {what}"))
}
