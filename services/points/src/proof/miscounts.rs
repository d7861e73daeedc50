use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{Compared, SumPage, WrongSum};
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, Tx, insert_rows, statement};

use super::sum_walk::walk;
use crate::liability::counters::{limbs, of_limbs};
use crate::store::row::{LedgerColumns, select};

/// How many of the wrong sums are told.
const WRONG_SUMS_MAX: i64 = 20;

/// Writes what was found wrong in some pages, in place of what was found there before.
pub(crate) async fn save_wrong_sums(
    tx: &Tx,
    tenant: Tenant,
    pages: &[&SumPage],
    wrong: &[WrongSum],
) -> Result<(), Fault> {
    const DELETE: &str =
        "DELETE FROM counter_miscount WHERE tenant_id = $1 AND asset_code = $2 AND axis = $3 AND month = $4";
    const INSERT: &str = "INSERT INTO counter_miscount (tenant_id, asset_code, axis, month, centre, spent_at, kind, \
         proven_high, proven_low, counted_high, counted_low)";
    for page in pages {
        tx.execute_raw(statement(&**tx, DELETE, page_values(tenant, page)))
            .await?;
    }
    let row = |it: &WrongSum| {
        let (proven, counted) = (limbs(it.amounts.proven)?, limbs(it.amounts.counted)?);
        let mut values = page_values(tenant, &it.page).to_vec();
        values.extend([(*it.centre).into(), (*it.spent_at).into(), it.kind.number().into()]);
        values.extend([proven.0.into(), proven.1.into(), counted.0.into(), counted.1.into()]);
        Ok(values)
    };
    let rows = wrong.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
    insert_rows(&**tx, INSERT, rows, "").await?;
    Ok(())
}

fn page_values(tenant: Tenant, page: &SumPage) -> [Value; 4] {
    [
        tenant.uuid().into(),
        (*page.asset).into(),
        page.view.number().into(),
        page.month.number().into(),
    ]
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

/// How many tenants' running sums disagreed when they were compared last.
pub(crate) async fn count_miscounted(conn: &impl ConnectionTrait) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) FROM counter_walk AS w WHERE w.miscount IS NOT NULL \
         OR EXISTS (SELECT 1 FROM counter_miscount AS m WHERE m.tenant_id = w.tenant_id)";
    let rows = select(conn, COUNT, []).await?;
    rows.first().map_or(Ok(0), |row| Columns::of(row).take())
}
