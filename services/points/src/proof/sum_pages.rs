use fault::Fault;
use kernel::{Exact, Tenant, Time};
use ledger::{Compared, Count, Counts, EntryKind, LotPart, PageSums, SumKey, SumPage, View};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, Tx, look_up, values};
use uuid::Uuid;

use super::sum_walk::{TOTAL, add_rows};
use crate::liability::counters::{count_values, key_values, of_limbs};
use crate::store::row::{LedgerColumns, select};

/// Each lot's part in some entries that are called `rest`, with its lot. The lot of an earn bears the entry's number, and so
/// does that of what came back for a lot that had expired. A part whose lot was lost is in no sum, and so found.
///
/// Each lot is looked up by itself: PostgreSQL would rather join all lots of the tenant.
const PARTS: &str = "(SELECT r.asset_code, r.kind, r.amount, r.post_time, COALESCE(r.cost_centre, '') AS spent_at, \
         (SELECT l.grant_time FROM lot AS l WHERE l.tenant_id = $1 AND l.lot_id = r.lot_id) AS grant_time, \
         (SELECT l.expire_time FROM lot AS l WHERE l.tenant_id = $1 AND l.lot_id = r.lot_id) AS expire_time, \
         (SELECT COALESCE(l.cost_centre, '') FROM lot AS l WHERE l.tenant_id = $1 AND l.lot_id = r.lot_id) AS centre \
     FROM (SELECT e.asset_code, e.kind, e.amount, e.post_time, e.cost_centre, e.entry_id AS lot_id FROM rest AS e \
             WHERE e.kind = $2 \
         UNION ALL SELECT e.asset_code, e.kind, p.amount, e.post_time, e.cost_centre, \
             CASE WHEN p.regranted THEN p.entry_id ELSE p.lot_id END \
             FROM rest AS e CROSS JOIN entry_lot AS p \
             WHERE e.kind <> $2 AND p.tenant_id = $1 AND p.entry_id = e.entry_id) AS r) AS d";

/// What the entries after one and up to another sum up to, by everything that a running sum is kept by: from the entries
/// and their lots alone.
pub(crate) async fn sums_between(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    (after, last): (Uuid, Uuid),
) -> Result<Counts, Fault> {
    let sql = format!(
        "WITH rest AS (SELECT n.entry_id, n.asset_code, n.kind, n.amount, n.post_time, n.cost_centre FROM entry AS n \
             WHERE n.tenant_id = $1 AND n.entry_id > $3 AND n.entry_id <= $4) \
         SELECT d.asset_code, a.utc_offset_minutes, d.kind, d.amount, d.post_time, d.spent_at, d.grant_time, d.expire_time, \
             d.centre \
         FROM {PARTS} CROSS JOIN asset AS a \
         WHERE d.centre IS NOT NULL AND a.tenant_id = $1 AND a.code = d.asset_code"
    );
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        EntryKind::Earn.number().into(),
        after.into(),
        last.into(),
    ];
    let mut sums = Counts::new();
    for row in select(conn, &sql, parameters).await? {
        let mut columns = Columns::of(&row);
        let part = LotPart {
            tenant,
            asset: columns.take::<String>()?.into(),
            utc_offset_minutes: columns.take()?,
            kind: columns.entry_kind()?,
            amount: columns.take()?,
            post_time: columns.time()?,
            spent_at: columns.take::<String>()?.into(),
            grant_time: columns.time()?,
            expire_time: columns.time()?,
            centre: columns.take::<String>()?.into(),
        };
        for key in View::ALL.into_iter().filter_map(|view| part.key(view)) {
            sums.entry(key).or_default().add(Count {
                amount: i128::from(part.amount),
                entries: 0,
            });
        }
    }
    Ok(sums)
}

/// Adds to what has been added up.
pub(crate) async fn add_proven(tx: &Tx, sums: &Counts) -> Result<(), Fault> {
    let row = |(key, count): (&SumKey, &Count)| Ok(key_values(key).into_iter().chain(count_values(*count)?).collect());
    add_rows(tx, sums.iter().map(row).collect::<Result<Vec<_>, Fault>>()?).await
}

/// A page that is to be compared: the running sums of one month, and from when until when that month lasts.
#[derive(Clone, Debug)]
pub(crate) struct NextPage {
    pub(crate) page: SumPage,
    start: Time,
    end: Time,
}

/// The pages after another one, so many at the most: the next months of which there is a running sum, or should be one, or
/// was a wrong one.
pub(crate) async fn next_pages(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<&SumPage>,
    limit: usize,
) -> Result<Vec<NextPage>, Fault> {
    let of = |table| {
        format!(
            "SELECT * FROM (SELECT DISTINCT asset_code, axis, month FROM {table} \
             WHERE tenant_id = $1 AND (asset_code, axis, month) > ($2, $3, $4) AND axis <> {TOTAL} \
             ORDER BY asset_code, axis, month LIMIT $5) AS of_{table}"
        )
    };
    let sql = format!(
        "SELECT p.asset_code, p.axis, p.month, \
             (SELECT a.utc_offset_minutes FROM asset AS a WHERE a.tenant_id = $1 AND a.code = p.asset_code) \
         FROM ({} UNION {} UNION {}) AS p ORDER BY p.asset_code, p.axis, p.month LIMIT $5",
        of("counter"),
        of("counter_proof"),
        of("counter_miscount")
    );
    let (asset, axis, month) = after.map_or((String::new(), 0, 0), |page| {
        (page.asset.to_string(), page.view.number(), page.month.number())
    });
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        asset.into(),
        axis.into(),
        month.into(),
        i64::try_from(limit).map_err(Fault::internal)?.into(),
    ];
    let read = |row| {
        let mut columns = Columns::of(row);
        let page = columns.sum_page()?;
        let (start, end) = page.month.bounds(columns.take()?);
        Ok(NextPage { page, start, end })
    };
    select(conn, &sql, parameters).await?.iter().map(read).collect()
}

/// The sums of each page, twice: from the entries, and as they were counted. None where more than `rest_max` entries have
/// not been added up yet.
///
/// One statement, and so one snapshot: a posting meanwhile is in both or in neither. The entries that have not been
/// added up are added up by it; of those are read whose moment is within the bounds of a page's month.
pub(crate) async fn page_sums(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    pages: &[NextPage],
    rest_max: i64,
) -> Result<Option<Vec<PageSums>>, Fault> {
    const PAGE: [Column; 6] = [
        Column::Int,
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Int,
        Column::Int,
    ];
    const OF_PAGE: &str = "t.tenant_id = $1 AND t.asset_code = k.asset_code AND t.axis = k.axis AND t.month = k.month";
    let mut parameters: Vec<Value> = vec![
        tenant.uuid().into(),
        EntryKind::Earn.number().into(),
        rest_max.saturating_add(1).into(),
    ];
    let row = |(number, it): (i64, &NextPage)| -> Vec<Value> {
        let (axis, month) = (it.page.view.number(), it.page.month.number());
        vec![
            number.into(),
            (*it.page.asset).into(),
            i64::from(axis).into(),
            i64::from(month).into(),
            it.start.micros().into(),
            it.end.micros().into(),
        ]
    };
    let backend = conn.get_database_backend();
    let (list, listed) = values(backend, 4, &PAGE, (0..).zip(pages).map(row).collect());
    parameters.extend(listed);
    let (expiry, cohort) = (View::Expiry.number(), View::Cohort.number());
    let sql = format!(
        "WITH page AS (SELECT column1 AS number, column2 AS asset_code, column3 AS axis, column4 AS month, \
             column5 AS starts, column6 AS ends FROM {list} AS v), \
         rest AS (SELECT n.entry_id, n.asset_code, n.kind, n.amount, n.post_time, n.cost_centre FROM entry AS n \
             WHERE n.tenant_id = $1 AND n.entry_id > (SELECT w.entry_id FROM counter_walk AS w WHERE w.tenant_id = $1) \
             ORDER BY n.entry_id LIMIT $3) \
         SELECT {COUNTED}, k.number, t.centre, t.spent_at, t.kind, \
             CAST(SUM(t.high) AS BIGINT), CAST(SUM(t.low) AS BIGINT) \
             FROM {} GROUP BY k.number, t.centre, t.spent_at, t.kind \
         UNION ALL SELECT {PROVEN}, k.number, t.centre, t.spent_at, t.kind, t.high, t.low FROM {} \
         UNION ALL SELECT {PROVEN}, r.number, r.centre, r.spent_at, r.kind, \
             CAST(SUM(r.amount >> 32) AS BIGINT), CAST(SUM(r.amount & 4294967295) AS BIGINT) \
             FROM (SELECT g.number, d.centre, d.kind, d.amount, \
                 CASE WHEN g.axis = {expiry} OR g.axis = {cohort} THEN '' ELSE d.spent_at END AS spent_at, g.starts, g.ends, \
                 CASE g.axis WHEN {expiry} THEN d.expire_time - 1 WHEN {cohort} THEN d.grant_time ELSE d.post_time END AS moment \
                 FROM {PARTS} CROSS JOIN page AS g WHERE d.asset_code = g.asset_code AND d.centre IS NOT NULL) AS r \
             WHERE r.moment >= r.starts AND r.moment < r.ends GROUP BY r.number, r.centre, r.spent_at, r.kind \
         UNION ALL SELECT {REST}, 0, '', '', $2, COUNT(*), 0 FROM rest",
        look_up(backend, "page", "counter", OF_PAGE),
        look_up(backend, "page", "counter_proof", OF_PAGE),
    );
    let mut sums = vec![PageSums::new(); pages.len()];
    for row in select(conn, &sql, parameters).await? {
        let mut columns = Columns::of(&row);
        let source: i32 = columns.take()?;
        let number: i64 = columns.take()?;
        let (centre, spent_at): (String, String) = (columns.take()?, columns.take()?);
        let kind = columns.entry_kind()?;
        let (high, low) = (columns.take()?, columns.take()?);
        if source == REST {
            if high > rest_max {
                return Ok(None);
            }
            continue;
        }
        let number = usize::try_from(number).map_err(Fault::internal)?;
        let (Some(of), Some(sums)) = (pages.get(number), sums.get_mut(number)) else {
            return Err(Fault::internal("sums of a page that was not asked for"));
        };
        if source == COUNTED || of.page.view.counts(kind) {
            let amounts: &mut Compared = sums.entry((centre.into(), spent_at.into(), kind)).or_default();
            let sum = if source == COUNTED {
                &mut amounts.counted
            } else {
                &mut amounts.proven
            };
            *sum = sum.exact_add(of_limbs(high, low));
        }
    }
    Ok(Some(sums))
}

/// Where a row of [`page_sums`] comes from.
const COUNTED: i32 = 1;
const PROVEN: i32 = 0;
const REST: i32 = -1;
