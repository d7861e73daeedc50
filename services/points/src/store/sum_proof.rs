use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Tx, insert_rows, statement};
use uuid::Uuid;

use super::counters::{count_values, key_values, limbs, of_limbs};
use super::row::{Columns, select, view};
use super::tally::walk;
use crate::domain::{
    CalendarMonth, Compared, Count, Counts, EntryKind, LotPart, PageSums, SumKey, SumPage, View, WrongSum,
};

/// How many of the wrong sums are told.
const WRONG_SUMS_MAX: i64 = 20;

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

pub(super) async fn add_rows(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO counter_proof (tenant_id, asset_code, axis, month, centre, spent_at, kind, high, low, entries)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, asset_code, axis, month, centre, spent_at, kind) DO UPDATE SET \
         high = counter_proof.high + excluded.high, low = counter_proof.low + excluded.low, \
         entries = counter_proof.entries + excluded.entries";
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    Ok(())
}

/// The page after another one: the next month of which there is a running sum, or should be one, or was a wrong one.
pub(crate) async fn next_page(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<&SumPage>,
) -> Result<Option<SumPage>, Fault> {
    let of = |table| {
        format!(
            "SELECT * FROM (SELECT asset_code, axis, month FROM {table} \
             WHERE tenant_id = $1 AND (asset_code, axis, month) > ($2, $3, $4) \
             ORDER BY asset_code, axis, month LIMIT 1) AS of_{table}"
        )
    };
    let sql = format!(
        "{} UNION ALL {} UNION ALL {} ORDER BY asset_code, axis, month LIMIT 1",
        of("counter"),
        of("counter_proof"),
        of("counter_miscount")
    );
    let mut cursor = after.map_or((String::new(), 0, 0), |page| {
        (page.asset.to_string(), page.view.number(), page.month.number())
    });
    loop {
        let (asset, axis, month) = cursor;
        let parameters: [Value; 4] = [tenant.uuid().into(), asset.into(), axis.into(), month.into()];
        let rows = select(conn, &sql, parameters).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut columns = Columns::of(row);
        let (asset, axis, month): (String, i32, i32) = (columns.take()?, columns.take()?, columns.take()?);
        if axis == TOTAL {
            // The totals of an asset are no page.
            cursor = (asset, TOTAL, i32::MAX);
            continue;
        }
        return Ok(Some(SumPage {
            asset: asset.into(),
            view: view(axis)?,
            month: CalendarMonth::from_number(month),
        }));
    }
}

/// The number in place of a view's of what is about all entries of a kind.
pub(super) const TOTAL: i32 = 0;

/// The sums of a page, twice: from the entries, and as they were counted. None where more than `rest_max` entries have not
/// been added up yet.
///
/// One statement, and so one snapshot: whoever posts meanwhile is in both or in neither. The entries that have not been
/// added up are added up by it; of those are read whose moment is within the bounds of the month.
pub(crate) async fn page_sums(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    page: &SumPage,
    utc_offset_minutes: i32,
    rest_max: i64,
) -> Result<Option<PageSums>, Fault> {
    // PostgreSQL groups by no constant.
    let (moment, spent_at, keys) = match page.view {
        View::Expiry => ("d.expire_time - 1", "''", ""),
        View::Cohort => ("d.grant_time", "''", ""),
        View::Settlement => ("d.post_time", "d.spent_at", ", d.spent_at"),
    };
    let sql = format!(
        "WITH rest AS (SELECT n.entry_id, n.asset_code, n.kind, n.amount, n.post_time, n.cost_centre FROM entry AS n \
             WHERE n.tenant_id = $1 AND n.entry_id > (SELECT w.entry_id FROM counter_walk AS w WHERE w.tenant_id = $1) \
             ORDER BY n.entry_id LIMIT $3) \
         SELECT {COUNTED}, c.centre, c.spent_at, c.kind, CAST(SUM(c.high) AS BIGINT), CAST(SUM(c.low) AS BIGINT) \
             FROM counter AS c WHERE c.tenant_id = $1 AND c.asset_code = $4 AND c.axis = $5 AND c.month = $6 \
             GROUP BY c.centre, c.spent_at, c.kind \
         UNION ALL SELECT {PROVEN}, q.centre, q.spent_at, q.kind, q.high, q.low FROM counter_proof AS q \
             WHERE q.tenant_id = $1 AND q.asset_code = $4 AND q.axis = $5 AND q.month = $6 \
         UNION ALL SELECT {PROVEN}, d.centre, {spent_at}, d.kind, \
             CAST(SUM(d.amount >> 32) AS BIGINT), CAST(SUM(d.amount & 4294967295) AS BIGINT) FROM {PARTS} \
             WHERE d.asset_code = $4 AND d.centre IS NOT NULL AND {moment} >= $7 AND {moment} < $8 \
             GROUP BY d.kind, d.centre{keys} \
         UNION ALL SELECT {REST}, '', '', $2, COUNT(*), 0 FROM rest"
    );
    let (start, end) = page.month.bounds(utc_offset_minutes);
    let parameters: [Value; 8] = [
        tenant.uuid().into(),
        EntryKind::Earn.number().into(),
        rest_max.saturating_add(1).into(),
        (*page.asset).into(),
        page.view.number().into(),
        page.month.number().into(),
        start.micros().into(),
        end.micros().into(),
    ];
    let mut sums = PageSums::new();
    for row in select(conn, &sql, parameters).await? {
        let mut columns = Columns::of(&row);
        let source: i32 = columns.take()?;
        let (centre, spent_at): (String, String) = (columns.take()?, columns.take()?);
        let kind = columns.entry_kind()?;
        let (high, low) = (columns.take()?, columns.take()?);
        if source == REST {
            if high > rest_max {
                return Ok(None);
            }
        } else if source == COUNTED || page.view.counts(kind) {
            let amounts: &mut Compared = sums.entry((centre.into(), spent_at.into(), kind)).or_default();
            let sum = if source == COUNTED {
                &mut amounts.counted
            } else {
                &mut amounts.proven
            };
            *sum = sum.saturating_add(of_limbs(high, low));
        }
    }
    Ok(Some(sums))
}

/// Where a row of [`page_sums`] comes from.
const COUNTED: i32 = 1;
const PROVEN: i32 = 0;
const REST: i32 = -1;

/// Writes what was found wrong in a page, in place of what was found there before.
pub(crate) async fn save_wrong_sums(tx: &Tx, tenant: Tenant, page: &SumPage, wrong: &[WrongSum]) -> Result<(), Fault> {
    const DELETE: &str =
        "DELETE FROM counter_miscount WHERE tenant_id = $1 AND asset_code = $2 AND axis = $3 AND month = $4";
    const INSERT: &str = "INSERT INTO counter_miscount (tenant_id, asset_code, axis, month, centre, spent_at, kind, \
         proven_high, proven_low, counted_high, counted_low)";
    let page_values = || -> [Value; 4] {
        [
            tenant.uuid().into(),
            (*page.asset).into(),
            page.view.number().into(),
            page.month.number().into(),
        ]
    };
    tx.execute_raw(statement(&**tx, DELETE, page_values())).await?;
    let row = |it: &WrongSum| {
        let (proven, counted) = (limbs(it.amounts.proven)?, limbs(it.amounts.counted)?);
        let mut values = page_values().to_vec();
        values.extend([(*it.centre).into(), (*it.spent_at).into(), it.kind.number().into()]);
        values.extend([proven.0.into(), proven.1.into(), counted.0.into(), counted.1.into()]);
        Ok(values)
    };
    let rows = wrong.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
    insert_rows(&**tx, INSERT, rows, "").await?;
    Ok(())
}

/// How the proof of the running sums stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct SumsStanding {
    /// When the last comparison ended.
    pub(crate) compare_time: Option<Time>,
    /// How the sums over all months and cost centres disagreed then.
    pub(crate) miscount: Option<String>,
    /// The first sums of a month that were found wrong.
    pub(crate) wrong: Vec<WrongSum>,
    /// How many were.
    pub(crate) wrong_count: i64,
}

/// How the proof of a tenant's running sums stands, with the first of the wrong ones.
pub(crate) async fn sums_standing(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<SumsStanding, Fault> {
    let walk = walk(conn, tenant).await?.unwrap_or_default();
    Ok(SumsStanding {
        compare_time: walk.compare_time,
        miscount: walk.miscount,
        wrong: wrong_sums(conn, tenant, WRONG_SUMS_MAX).await?,
        wrong_count: count_wrong_sums(conn, Some(tenant)).await?,
    })
}

/// What was found wrong of a tenant, the first so many.
async fn wrong_sums(conn: &impl ConnectionTrait, tenant: Tenant, limit: i64) -> Result<Vec<WrongSum>, Fault> {
    const LIST: &str = "SELECT asset_code, axis, month, centre, spent_at, kind, proven_high, proven_low, counted_high, \
         counted_low FROM counter_miscount WHERE tenant_id = $1 ORDER BY asset_code, axis, month, centre, spent_at, kind LIMIT $2";
    let rows = select(conn, LIST, [tenant.uuid().into(), limit.into()]).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok(WrongSum {
            page: columns.sum_page()?,
            centre: columns.take::<String>()?.into(),
            spent_at: columns.take::<String>()?.into(),
            kind: columns.entry_kind()?,
            amounts: Compared {
                proven: of_limbs(columns.take()?, columns.take()?),
                counted: of_limbs(columns.take()?, columns.take()?),
            },
        })
    };
    rows.iter().map(read).collect()
}

/// How many sums of a tenant were found wrong; of all tenants without one.
pub(crate) async fn count_wrong_sums(conn: &impl ConnectionTrait, tenant: Option<Tenant>) -> Result<i64, Fault> {
    const ALL: &str = "SELECT COUNT(*) FROM counter_miscount";
    const ONE: &str = "SELECT COUNT(*) FROM counter_miscount WHERE tenant_id = $1";
    let rows = match tenant {
        Some(tenant) => select(conn, ONE, [tenant.uuid().into()]).await?,
        None => select(conn, ALL, []).await?,
    };
    rows.first().map_or(Ok(0), |row| Columns::of(row).take())
}
