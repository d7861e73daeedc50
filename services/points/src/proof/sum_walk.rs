use fault::Fault;
use kernel::{Tenant, Time};
use ledger::SumPage;
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, Tx, insert_rows, statement};
use uuid::Uuid;

use crate::store::row::{LedgerColumns, select};

/// The number in place of a view's of what is about all entries of a kind.
pub(crate) const TOTAL: i32 = 0;

/// How far a tenant's entries have been added up for the proof of the running sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WalkRow {
    /// Counts the changes of this row, so that of two replicas only one walks on.
    pub(crate) revision: i64,
    /// The last entry that was added up.
    pub(crate) entry: Uuid,
    /// When the running sums were compared last.
    pub(crate) compare_time: Option<Time>,
    /// How the sums over all months and cost centres disagreed then.
    pub(crate) miscount: Option<String>,
    /// After which page the comparison goes on that is under way.
    pub(crate) page: Option<SumPage>,
}

impl WalkRow {
    /// Begins again at the first entry, and compares as soon as that is done.
    pub(crate) fn restart(&mut self) {
        self.entry = Uuid::nil();
        self.compare_time = None;
        self.page = None;
    }
}

/// How far it has come; none before it has begun.
pub(crate) async fn walk(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<WalkRow>, Fault> {
    const FIND: &str = "SELECT revision, entry_id, compare_time, miscount, page_asset_code IS NOT NULL, page_asset_code, page_axis, page_month \
         FROM counter_walk WHERE tenant_id = $1";
    let rows = select(conn, FIND, [tenant.uuid().into()]).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok(WalkRow {
            revision: columns.take()?,
            entry: columns.take()?,
            compare_time: columns.optional_time()?,
            miscount: columns.take()?,
            page: match columns.take::<bool>()? {
                true => Some(columns.sum_page()?),
                false => None,
            },
        })
    };
    rows.first().map(read).transpose()
}

/// Begins it at the first entry.
pub(crate) async fn begin_walk(tx: &Tx, tenant: Tenant) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO counter_walk (tenant_id, revision, entry_id)";
    let row = vec![tenant.uuid().into(), 0_i64.into(), Uuid::nil().into()];
    insert_rows(&**tx, INSERT, vec![row], "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// Writes how far it has come by now, as its next revision; answers false, and writes nothing, where somebody else has
/// walked on since.
pub(crate) async fn save_walk(tx: &Tx, tenant: Tenant, row: &mut WalkRow) -> Result<bool, Fault> {
    const UPDATE: &str = "UPDATE counter_walk SET revision = revision + 1, entry_id = $3, compare_time = $4, miscount = $5, \
         page_asset_code = $6, page_axis = $7, page_month = $8 WHERE tenant_id = $1 AND revision = $2";
    let page = row.page.as_ref();
    let parameters: [Value; 8] = [
        tenant.uuid().into(),
        row.revision.into(),
        row.entry.into(),
        row.compare_time.map(Time::micros).into(),
        row.miscount.clone().into(),
        page.map(|page| page.asset.to_string()).into(),
        page.map(|page| page.view.number()).into(),
        page.map(|page| page.month.number()).into(),
    ];
    let saved = tx.execute_raw(statement(&**tx, UPDATE, parameters)).await?;
    row.revision = row.revision.saturating_add(1);
    Ok(saved.rows_affected() == 1)
}

/// Adds rows to what has been added up.
pub(crate) async fn add_rows(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO counter_proof (tenant_id, asset_code, axis, month, centre, spent_at, kind, high, low, entries)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, asset_code, axis, month, centre, spent_at, kind) DO UPDATE SET \
         high = counter_proof.high + excluded.high + ((counter_proof.low + excluded.low) >> 32), \
         low = (counter_proof.low + excluded.low) & 4294967295, \
         entries = counter_proof.entries + excluded.entries";
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    Ok(())
}

/// Forgets what has been added up.
pub(crate) async fn forget_sums(tx: &Tx, tenant: Tenant) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM counter_proof WHERE tenant_id = $1";
    tx.execute_raw(statement(&**tx, FORGET, [tenant.uuid().into()])).await?;
    Ok(())
}
