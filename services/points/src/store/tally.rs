use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Tx, insert_rows, statement};
use uuid::Uuid;

use super::counters::{count_values, of_limbs};
use super::row::{Columns, select, view};
use super::sum_proof::{TOTAL, add_rows};
use crate::domain::{AssetCode, Count, EntryKind, SumPage, Tallies};

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

/// What entries sum up to, by their asset and kind.
pub(crate) type Sums = BTreeMap<(AssetCode, EntryKind), Count>;

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
            compare_time: columns.maybe_time()?,
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

/// Writes how far it has come by now; answers false, and writes nothing, where somebody else has walked on since.
pub(crate) async fn save_walk(tx: &Tx, tenant: Tenant, row: &WalkRow) -> Result<bool, Fault> {
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
    Ok(saved.rows_affected() == 1)
}

/// The next entries of a tenant between two ids, in the order of their ids: what they sum up to, the last of them, and how
/// many they are.
pub(crate) async fn next_sums(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    (after, before): (Uuid, Uuid),
    limit: i64,
) -> Result<(Sums, Option<Uuid>, usize), Fault> {
    const NEXT: &str = "SELECT entry_id, asset_code, kind, amount FROM entry \
         WHERE tenant_id = $1 AND entry_id > $2 AND entry_id < $3 ORDER BY entry_id LIMIT $4";
    let parameters: [Value; 4] = [tenant.uuid().into(), after.into(), before.into(), limit.into()];
    let (mut sums, mut last) = (Sums::new(), None);
    let rows = select(conn, NEXT, parameters).await?;
    for row in &rows {
        let mut columns = Columns::of(row);
        last = Some(columns.take()?);
        let key = (columns.take::<String>()?.into(), columns.entry_kind()?);
        let count = Count {
            amount: i128::from(columns.take::<i64>()?),
            entries: 1,
        };
        sums.entry(key).or_default().add(count);
    }
    Ok((sums, last, rows.len()))
}

/// Adds to what has been added up of all entries of a kind, whatever their months and cost centres.
pub(crate) async fn add_sums(tx: &Tx, tenant: Tenant, sums: &Sums) -> Result<(), Fault> {
    let row = |((asset, kind), count): (&(AssetCode, EntryKind), &Count)| {
        let [high, low, entries] = count_values(*count)?;
        Ok(vec![
            tenant.uuid().into(),
            (**asset).into(),
            TOTAL.into(),
            0.into(),
            "".into(),
            "".into(),
            kind.number().into(),
            high,
            low,
            entries,
        ])
    };
    add_rows(tx, sums.iter().map(row).collect::<Result<Vec<_>, Fault>>()?).await
}

/// Forgets what has been added up.
pub(crate) async fn forget_sums(tx: &Tx, tenant: Tenant) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM counter_proof WHERE tenant_id = $1";
    tx.execute_raw(statement(&**tx, FORGET, [tenant.uuid().into()])).await?;
    Ok(())
}

/// Where a sum comes from, beside the views, whose numbers are positive.
const PROVEN: i32 = 0;
const REST: i32 = -1;

/// All entries of a tenant added up twice; none where more than `rest_max` of them have not been walked over.
///
/// One statement, and so one snapshot of the running sums, of what has been added up, of how far, and of the entries since.
/// Its cost grows with the number of running sums and with the rest, not with the number of entries.
pub(crate) async fn tallies(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    rest_max: i64,
) -> Result<Option<Tallies>, Fault> {
    const TALLY: &str = "SELECT c.axis, c.asset_code, c.kind, CAST(SUM(c.high) AS BIGINT), CAST(SUM(c.low) AS BIGINT), \
             CAST(SUM(c.entries) AS BIGINT) FROM counter AS c WHERE c.tenant_id = $1 GROUP BY c.axis, c.asset_code, c.kind \
         UNION ALL SELECT 0, p.asset_code, p.kind, p.high, p.low, p.entries FROM counter_proof AS p \
             WHERE p.tenant_id = $1 AND p.axis = 0 \
         UNION ALL SELECT -1, r.asset_code, r.kind, CAST(SUM(r.amount >> 32) AS BIGINT), \
             CAST(SUM(r.amount & 4294967295) AS BIGINT), COUNT(*) \
             FROM (SELECT e.asset_code, e.kind, e.amount FROM entry AS e WHERE e.tenant_id = $1 AND e.entry_id > \
                 (SELECT w.entry_id FROM counter_walk AS w WHERE w.tenant_id = $1) ORDER BY e.entry_id LIMIT $2) AS r \
             GROUP BY r.asset_code, r.kind";
    let limit = rest_max.saturating_add(1);
    let (mut tallies, mut rest) = (Tallies::new(), 0_i64);
    for row in select(conn, TALLY, [tenant.uuid().into(), limit.into()]).await? {
        let mut columns = Columns::of(&row);
        let source: i32 = columns.take()?;
        let key = (columns.take::<String>()?.into(), columns.entry_kind()?);
        let count = Count {
            amount: of_limbs(columns.take()?, columns.take()?),
            entries: columns.take()?,
        };
        let tally = tallies.entry(key).or_default();
        if source == REST {
            rest = rest.saturating_add(count.entries);
        }
        match source {
            PROVEN | REST => tally.entries.add(count),
            axis => {
                tally.views.entry(view(axis)?).or_default().add(count);
            }
        }
    }
    Ok((rest <= rest_max).then_some(tallies))
}

/// How many tenants' running sums disagreed when they were compared last.
pub(crate) async fn count_miscounted(conn: &impl ConnectionTrait) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) FROM counter_walk AS w WHERE w.miscount IS NOT NULL \
         OR EXISTS (SELECT 1 FROM counter_miscount AS m WHERE m.tenant_id = w.tenant_id)";
    let rows = select(conn, COUNT, []).await?;
    rows.first().map_or(Ok(0), |row| Columns::of(row).take())
}
