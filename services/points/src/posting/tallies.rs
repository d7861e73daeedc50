use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Exact, Tenant};
use ledger::{AssetCode, Count, EntryKind, Tallies};
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, Tx};
use uuid::Uuid;

use crate::liability::counters::{count_values, of_limbs};
use crate::proof::sum_walk::{TOTAL, add_rows};
use crate::store::row::{LedgerColumns, select, view};

/// What entries sum up to, by their asset and kind.
pub(crate) type Sums = BTreeMap<(AssetCode, EntryKind), Count>;

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
            rest = rest.exact_add(count.entries);
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
