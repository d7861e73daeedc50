use fault::Fault;
use kernel::{Tenant, Time};
use ledger::AssetCode;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Tx, statement};
use uuid::Uuid;

use crate::store::row::select;

/// How far the proof of a tenant's accounts has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReconciliationRow {
    /// Counts the changes of this row, so that of two replicas only one moves on.
    pub(crate) revision: i64,
    /// The number of the pass over all accounts.
    pub(crate) pass: i64,
    /// Proofs that were begun before this pass do not count.
    pub(crate) scratch_pass: i64,
    pub(crate) running: bool,
    pub(crate) start_time: Time,
    /// How many accounts of this pass have been checked.
    pub(crate) checked_count: i64,
    /// The last of them.
    pub(crate) cursor: (Uuid, AssetCode),
    pub(crate) last: Option<PassRow>,
    /// When the last pass from scratch that has ended began and ended.
    pub(crate) scratch: Option<(Time, Time)>,
}

/// A pass that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PassRow {
    pub(crate) start_time: Time,
    pub(crate) end_time: Time,
    pub(crate) checked_count: i64,
}

impl ReconciliationRow {
    /// The first pass.
    fn first(now: Time) -> Self {
        Self {
            revision: 0,
            pass: 1,
            scratch_pass: 1,
            running: true,
            start_time: now,
            checked_count: 0,
            cursor: (Uuid::nil(), "".into()),
            last: None,
            scratch: None,
        }
    }

    /// Begins the next pass over all accounts, from scratch or from what has been proven.
    pub(crate) fn begin(&mut self, now: Time, from_scratch: bool) {
        self.pass = self.pass.saturating_add(1);
        if from_scratch {
            self.scratch_pass = self.pass;
        }
        self.running = true;
        self.start_time = now;
        self.checked_count = 0;
        self.cursor = (Uuid::nil(), "".into());
    }

    /// Whether this pass reads every entry from the first.
    pub(crate) fn is_from_scratch(&self) -> bool {
        self.scratch_pass == self.pass
    }

    /// Ends the pass.
    pub(crate) fn end(&mut self, now: Time) {
        self.running = false;
        self.last = Some(PassRow {
            start_time: self.start_time,
            end_time: now,
            checked_count: self.checked_count,
        });
        if self.is_from_scratch() {
            self.scratch = Some((self.start_time, now));
        }
    }
}

const SELECT: &str = "SELECT revision, pass, scratch_pass, running, start_time, checked_count, member_id, asset_code, \
     last_start_time, last_end_time, last_checked_count, scratch_start_time, scratch_end_time FROM reconciliation \
     WHERE tenant_id = $1";

/// How far a tenant's proof has come; none before it has begun.
pub(crate) async fn reconciliation(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
) -> Result<Option<ReconciliationRow>, Fault> {
    let rows = select(conn, SELECT, [tenant.uuid().into()]).await?;
    rows.first().map(reconciliation_row).transpose()
}

/// How far a tenant's proof has come; it begins with the first pass.
pub(crate) async fn begin_reconciliation(tx: &Tx, tenant: Tenant, now: Time) -> Result<ReconciliationRow, Fault> {
    const INSERT: &str = "INSERT INTO reconciliation (tenant_id, revision, pass, scratch_pass, running, start_time, \
         checked_count, member_id, asset_code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let row = ReconciliationRow::first(now);
    let parameters: [Value; 9] = [
        tenant.uuid().into(),
        row.revision.into(),
        row.pass.into(),
        row.scratch_pass.into(),
        row.running.into(),
        row.start_time.micros().into(),
        row.checked_count.into(),
        row.cursor.0.into(),
        (*row.cursor.1).into(),
    ];
    tx.execute_raw(statement(&**tx, INSERT, parameters)).await?;
    let begun = reconciliation(&**tx, tenant).await?;
    begun.ok_or_else(|| Fault::internal("a reconciliation that was begun is not there"))
}

fn reconciliation_row(row: &QueryResult) -> Result<ReconciliationRow, Fault> {
    let mut columns = Columns::of(row);
    let mut found = ReconciliationRow {
        revision: columns.take()?,
        pass: columns.take()?,
        scratch_pass: columns.take()?,
        running: columns.take()?,
        start_time: columns.time()?,
        checked_count: columns.take()?,
        cursor: (columns.take()?, columns.take::<String>()?.into()),
        last: None,
        scratch: None,
    };
    let (start, end) = (columns.optional_time()?, columns.optional_time()?);
    let count = columns.take::<Option<i64>>()?;
    found.last = start
        .zip(end)
        .zip(count)
        .map(|((start_time, end_time), checked_count)| PassRow {
            start_time,
            end_time,
            checked_count,
        });
    found.scratch = columns.optional_time()?.zip(columns.optional_time()?);
    Ok(found)
}

/// Writes how far it has come by now; answers false, and writes nothing, where somebody else has moved on since `row` was
/// read.
pub(crate) async fn save_reconciliation(tx: &Tx, tenant: Tenant, row: &ReconciliationRow) -> Result<bool, Fault> {
    const UPDATE: &str = "UPDATE reconciliation SET revision = revision + 1, pass = $3, scratch_pass = $4, running = $5, \
         start_time = $6, checked_count = $7, member_id = $8, asset_code = $9, last_start_time = $10, last_end_time = $11, \
         last_checked_count = $12, scratch_start_time = $13, scratch_end_time = $14 \
         WHERE tenant_id = $1 AND revision = $2";
    let parameters: [Value; 14] = [
        tenant.uuid().into(),
        row.revision.into(),
        row.pass.into(),
        row.scratch_pass.into(),
        row.running.into(),
        row.start_time.micros().into(),
        row.checked_count.into(),
        row.cursor.0.into(),
        (*row.cursor.1).into(),
        row.last.map(|last| last.start_time.micros()).into(),
        row.last.map(|last| last.end_time.micros()).into(),
        row.last.map(|last| last.checked_count).into(),
        row.scratch.map(|(start, _)| start.micros()).into(),
        row.scratch.map(|(_, end)| end.micros()).into(),
    ];
    let saved = tx.execute_raw(statement(&**tx, UPDATE, parameters)).await?;
    Ok(saved.rows_affected() == 1)
}

/// The end of the last pass of that tenant whose last pass is the longest ago; none where a tenant has ended none yet.
pub(crate) async fn oldest_pass_end(conn: &impl ConnectionTrait) -> Result<Option<Time>, Fault> {
    const OLDEST: &str =
        "SELECT last_end_time FROM reconciliation ORDER BY COALESCE(last_end_time, 0), tenant_id LIMIT 1";
    let rows = select(conn, OLDEST, []).await?;
    let oldest = rows.first().map(|row| Columns::of(row).optional_time()).transpose()?;
    Ok(oldest.flatten())
}
