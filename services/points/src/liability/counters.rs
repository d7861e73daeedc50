use fault::Fault;
use kernel::{Exact, Tenant};
use ledger::{CalendarMonth, CostCentre, Count, Counts, Entry, EntryKind, State, SumKey, View, count};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{Columns, Tx, insert_rows};

use crate::store::row::{LedgerColumns, select};

/// In how many rows a sum is kept where transactions run side by side; each adds to one of them. On SQLite they follow one
/// another, and one row does.
const STRIPES: u8 = 16;
/// An amount is kept as a multiple of this and a rest. What the rests come to carries over with every addition: added up
/// alone, some two thousand million of them would pass 64 bits, which SQLite answers with a number that is not exact.
const LIMB: i128 = 1 << 32;

/// Adds what was decided to the running sums: one statement, with one row for each sum that changes, in the order of their
/// keys, so that no two transactions wait for each other in a circle. Called last, so that the rows are locked shortly.
///
/// The stripe is drawn by the transaction, not by the account: a batch of many accounts would otherwise touch every stripe
/// of every sum, and each two batches would meet.
pub(crate) async fn add_counters(tx: &Tx, state: &State, entries: &[&Entry]) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO counter (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe, high, low, entries)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe) DO UPDATE SET \
         high = counter.high + excluded.high + ((counter.low + excluded.low) >> 32), \
         low = (counter.low + excluded.low) & 4294967295, \
         entries = counter.entries + excluded.entries";
    let Some(first) = entries.first() else {
        return Ok(());
    };
    let stripe = match tx.get_database_backend() {
        DbBackend::Sqlite => 0,
        _ => drawn_stripe(first),
    };
    let rows = rows(count(state, entries.iter().copied()), stripe)?;
    insert_rows(&**tx, INSERT, rows, CHANGE).await?;
    Ok(())
}

fn drawn_stripe(first: &Entry) -> i32 {
    // The last bits of an id are random.
    let [.., random] = first.id.uuid().into_bytes();
    i32::from(random.checked_rem(STRIPES).unwrap_or(0))
}

fn rows(counts: Counts, stripe: i32) -> Result<Vec<Vec<Value>>, Fault> {
    let row = |(key, count): (SumKey, Count)| {
        let mut values = key_values(&key).to_vec();
        values.push(stripe.into());
        values.extend(count_values(count)?);
        Ok(values)
    };
    counts.into_iter().map(row).collect()
}

/// The columns that a running sum is known by, in the order of every table of them.
pub(crate) fn key_values(key: &SumKey) -> [Value; 7] {
    [
        key.tenant.uuid().into(),
        (*key.asset).into(),
        key.view.number().into(),
        key.month.number().into(),
        (*key.centre).into(),
        (*key.spent_at).into(),
        key.kind.number().into(),
    ]
}

/// The columns of what it is.
pub(crate) fn count_values(count: Count) -> Result<[Value; 3], Fault> {
    let (high, low) = limbs(count.amount)?;
    Ok([high.into(), low.into(), count.entries.into()])
}

/// The two parts in which an amount is kept.
pub(crate) fn limbs(amount: i128) -> Result<(i64, i64), Fault> {
    let high = i64::try_from(amount.div_euclid(LIMB)).map_err(Fault::internal)?;
    let low = i64::try_from(amount.rem_euclid(LIMB)).map_err(Fault::internal)?;
    Ok((high, low))
}

/// The amount that is kept in two parts.
pub(crate) fn of_limbs(high: i64, low: i64) -> i128 {
    i128::from(high).exact_mul(LIMB).exact_add(i128::from(low))
}

/// A running sum over all its stripes.
#[derive(Clone, Debug)]
pub(crate) struct CounterRow {
    pub(crate) month: CalendarMonth,
    pub(crate) centre: CostCentre,
    pub(crate) spent_at: CostCentre,
    pub(crate) kind: EntryKind,
    pub(crate) count: Count,
}

/// An asset's running sums of one view, of the months from the first to the last, in the order of their keys. Its cost
/// grows with the number of months, cost centres and kinds, not with the number of entries.
pub(crate) async fn counters(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    asset: &str,
    view: View,
    (first, last): (CalendarMonth, CalendarMonth),
) -> Result<Vec<CounterRow>, Fault> {
    const SUM: &str = "SELECT month, centre, spent_at, kind, CAST(SUM(high) AS BIGINT), CAST(SUM(low) AS BIGINT), \
         CAST(SUM(entries) AS BIGINT) FROM counter \
         WHERE tenant_id = $1 AND asset_code = $2 AND axis = $3 AND month >= $4 AND month <= $5 \
         GROUP BY month, centre, spent_at, kind ORDER BY month, centre, spent_at, kind";
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        asset.into(),
        view.number().into(),
        first.number().into(),
        last.number().into(),
    ];
    let rows = select(conn, SUM, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let month = CalendarMonth::from_number(columns.take()?);
            let centre = columns.take::<String>()?.into();
            let spent_at = columns.take::<String>()?.into();
            let kind = columns.entry_kind()?;
            let (high, low): (i64, i64) = (columns.take()?, columns.take()?);
            let amount = of_limbs(high, low);
            Ok(CounterRow {
                month,
                centre,
                spent_at,
                kind,
                count: Count {
                    amount,
                    entries: columns.take()?,
                },
            })
        })
        .collect()
}
