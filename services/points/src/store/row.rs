use fault::Fault;
use ledger::{AccountKey, CalendarMonth, EntryKind, SumPage, View};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Columns, statement, stuck, unreadable};

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

/// An account's name in a queue.
pub(crate) fn account_item(key: &AccountKey) -> String {
    format!("{}/{}", key.member.uuid().simple(), key.asset)
}

/// The condition that a queue has not set an account aside: that of the row called `row`, with `$2` the present time.
pub(crate) fn free_account(backend: DbBackend, queue: &'static str, row: &str) -> String {
    let member = stuck::id_text(backend, &format!("{row}.member_id"));
    let item = format!("{member} || '/' || {row}.asset_code");
    stuck::is_free(queue, &format!("{row}.tenant_id"), &item, "$2")
}

/// The columns that the ledger's tables share.
pub(crate) trait LedgerColumns {
    fn entry_kind(&mut self) -> Result<EntryKind, Fault>;

    /// The asset, the axis and the month of a running sum.
    fn sum_page(&mut self) -> Result<SumPage, Fault>;
}

impl LedgerColumns for Columns<'_> {
    fn entry_kind(&mut self) -> Result<EntryKind, Fault> {
        let kind = self.take()?;
        EntryKind::from_number(kind).ok_or_else(|| unreadable("entry", format!("the kind {kind}")))
    }

    fn sum_page(&mut self) -> Result<SumPage, Fault> {
        Ok(SumPage {
            asset: self.take::<String>()?.into(),
            view: view(self.take()?)?,
            month: CalendarMonth::from_number(self.take()?),
        })
    }
}

/// The view whose number stands as the axis of a running sum.
pub(crate) fn view(axis: i32) -> Result<View, Fault> {
    View::from_number(axis).ok_or_else(|| unreadable("running_sum", format!("the axis {axis}")))
}
