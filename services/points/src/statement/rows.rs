use fault::Fault;
use kernel::Time;
use ledger::{AccountKey, EntryKind, MemberId};
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, unreadable};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::liability::counters::of_limbs;
use crate::store::row::{LedgerColumns, select};

/// An account as it stands, for statements of its past.
#[derive(Clone, Debug)]
pub(crate) struct HeadRow {
    pub(crate) sequence: i64,
    /// When it last changed.
    pub(crate) change_time: Time,
    /// The member that it was handed over to, when it last changed.
    pub(crate) moved_to: Option<MemberId>,
}

/// The entry of an account that was the last one at some moment; nothing's number is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastEntry {
    pub(crate) sequence: i64,
    pub(crate) balance: i64,
}

/// How an account stands; none where it has never been.
pub(crate) async fn head(conn: &impl ConnectionTrait, key: &AccountKey) -> Result<Option<HeadRow>, Fault> {
    const HEAD: &str = "SELECT sequence, change_time, moved_to_member_id FROM account \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3";
    let rows = select(conn, HEAD, key_values(key)).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok(HeadRow {
            sequence: columns.take()?,
            change_time: columns.time()?,
            moved_to: columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid),
        })
    };
    rows.first().map(read).transpose()
}

/// The last of an account's first `sequence` entries that was posted before `end`. Their times never go back, so that it
/// is found by halving: 17 look-ups by the primary key among a hundred thousand entries.
pub(crate) async fn last_before(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    sequence: i64,
    end: Time,
) -> Result<LastEntry, Fault> {
    const HALVE: &str = "WITH RECURSIVE halved (low, high) AS ( \
             SELECT CAST(0 AS BIGINT), CAST($4 AS BIGINT) \
             UNION ALL SELECT CASE WHEN e.post_time < $5 THEN e.sequence ELSE h.low END, \
                 CASE WHEN e.post_time < $5 THEN h.high ELSE e.sequence - 1 END \
             FROM halved AS h JOIN entry AS e ON e.tenant_id = $1 AND e.member_id = $2 AND e.asset_code = $3 \
                 AND e.sequence = (h.low + h.high + 1) / 2 \
             WHERE h.low < h.high \
         ) SELECT h.low, COALESCE((SELECT e.balance FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = $2 \
             AND e.asset_code = $3 AND e.sequence = h.low), 0) FROM halved AS h WHERE h.low >= h.high";
    let [tenant, member, asset] = key_values(key);
    let parameters: [Value; 5] = [tenant, member, asset, sequence.into(), end.micros().into()];
    let rows = select(conn, HALVE, parameters).await?;
    // Without an end the search met a number that no entry has.
    let row = rows
        .first()
        .ok_or_else(|| unreadable("entry", format!("a gap before {sequence}")))?;
    let mut columns = Columns::of(row);
    Ok(LastEntry {
        sequence: columns.take()?,
        balance: columns.take()?,
    })
}

/// What happened to an account between two of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindTotal {
    pub(crate) kind: EntryKind,
    /// Wider than an entry: an account may earn and spend for ever.
    pub(crate) amount: i128,
    pub(crate) count: i64,
}

/// An account's entries after a number and up to one, added up by kind. Reads all of them.
pub(crate) async fn totals(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    after: i64,
    until: i64,
) -> Result<Vec<KindTotal>, Fault> {
    const TOTALS: &str = "SELECT kind, CAST(SUM(amount >> 32) AS BIGINT), CAST(SUM(amount & 4294967295) AS BIGINT), \
             COUNT(*) FROM entry \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND sequence > $4 AND sequence <= $5 \
         GROUP BY kind ORDER BY kind";
    let [tenant, member, asset] = key_values(key);
    let parameters: [Value; 5] = [tenant, member, asset, after.into(), until.into()];
    let rows = select(conn, TOTALS, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(KindTotal {
                kind: columns.entry_kind()?,
                amount: of_limbs(columns.take()?, columns.take()?),
                count: columns.take()?,
            })
        })
        .collect()
}

/// What is left in an account's open lots that expire after `now`, by when they expire.
pub(crate) async fn expirations(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    now: Time,
) -> Result<Vec<(Time, i64)>, Fault> {
    const SUM: &str = "SELECT expire_time, CAST(SUM(remaining) AS BIGINT) FROM lot \
         WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND open AND expire_time > $4 \
         GROUP BY expire_time ORDER BY expire_time";
    let [tenant, member, asset] = key_values(key);
    let rows = select(conn, SUM, [tenant, member, asset, now.micros().into()]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.time()?, columns.take()?))
        })
        .collect()
}
