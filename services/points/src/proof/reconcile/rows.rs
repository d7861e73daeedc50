use fault::Fault;
use kernel::Tenant;
use ledger::{AssetCode, MemberId};
use sea_orm::ConnectionTrait;
use store::Columns;
use uuid::Uuid;

use crate::liability::counters::of_limbs;
use crate::store::row::select;

/// All that is written down about one account, added up anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReconcileRow {
    pub(crate) member: MemberId,
    pub(crate) asset: AssetCode,
    pub(crate) balance: i64,
    pub(crate) sequence: i64,
    pub(crate) entries_sum: i64,
    pub(crate) entry_count: i64,
    pub(crate) last_entry_sequence: i64,
    pub(crate) last_entry_balance: i64,
    /// What is left, held or pending in the lots.
    pub(crate) lots_sum: i64,
    pub(crate) held: i64,
    pub(crate) lots_held: i64,
    pub(crate) holds_sum: i64,
    pub(crate) debt: i64,
    pub(crate) entries_debt: i64,
    pub(crate) pending: i64,
    pub(crate) lots_pending: i64,
}

impl ReconcileRow {
    /// One figure, and no gap: the numbers are distinct and positive, so as many as the last one says means all of them.
    pub(crate) fn agrees(&self) -> bool {
        self.entries_sum == self.balance
            && self.lots_sum == self.balance
            && self.last_entry_balance == self.balance
            && self.entry_count == self.sequence
            && self.last_entry_sequence == self.sequence
            && self.lots_held == self.held
            && self.holds_sum == self.held
            && self.entries_debt == self.debt
            && self.lots_pending == self.pending
    }
}

/// A page of accounts after a cursor. One statement, and so one snapshot of balance, entries and lots.
///
/// The accounts are those that have a row, an entry or an open lot: one whose row was lost is found as well.
pub(crate) async fn reconcile(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: (Uuid, &str),
    limit: i64,
) -> Result<Vec<ReconcileRow>, Fault> {
    const RECONCILE: &str = "SELECT k.member_id, k.asset_code, COALESCE(a.balance, 0), COALESCE(a.sequence, 0), \
         CAST(COALESCE((SELECT SUM(e.amount) FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = k.member_id \
             AND e.asset_code = k.asset_code), 0) AS BIGINT), \
         (SELECT COUNT(*) FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = k.member_id \
             AND e.asset_code = k.asset_code), \
         COALESCE((SELECT MAX(e.sequence) FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = k.member_id \
             AND e.asset_code = k.asset_code), 0), \
         COALESCE((SELECT e.balance FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = k.member_id \
             AND e.asset_code = k.asset_code ORDER BY e.sequence DESC LIMIT 1), 0), \
         CAST(COALESCE((SELECT SUM(l.remaining) FROM lot AS l WHERE l.tenant_id = $1 AND l.member_id = k.member_id \
             AND l.asset_code = k.asset_code AND l.open AND l.expire_time >= $5), 0) AS BIGINT), \
         COALESCE(a.held, 0), \
         CAST(COALESCE((SELECT SUM(l.held) FROM lot AS l WHERE l.tenant_id = $1 AND l.member_id = k.member_id \
             AND l.asset_code = k.asset_code AND l.held > 0), 0) AS BIGINT), \
         CAST(COALESCE((SELECT SUM(p.amount) FROM hold AS h CROSS JOIN hold_lot AS p WHERE h.tenant_id = $1 \
             AND h.member_id = k.member_id AND h.asset_code = k.asset_code AND h.open \
             AND p.tenant_id = h.tenant_id AND p.hold_id = h.hold_id), 0) AS BIGINT), \
         COALESCE(a.debt, 0), \
         CAST(COALESCE((SELECT SUM(e.debt) FROM entry AS e WHERE e.tenant_id = $1 AND e.member_id = k.member_id \
             AND e.asset_code = k.asset_code), 0) AS BIGINT), \
         COALESCE(a.pending, 0), \
         CAST(COALESCE((SELECT SUM(l.pending) FROM lot AS l WHERE l.tenant_id = $1 AND l.member_id = k.member_id \
             AND l.asset_code = k.asset_code AND l.pending > 0), 0) AS BIGINT) \
         FROM ( \
             SELECT member_id, asset_code FROM (SELECT member_id, asset_code FROM account \
                 WHERE tenant_id = $1 AND (member_id, asset_code) > ($2, $3) \
                 ORDER BY member_id, asset_code LIMIT $4) AS of_account \
             UNION SELECT member_id, asset_code FROM (SELECT DISTINCT member_id, asset_code FROM entry \
                 WHERE tenant_id = $1 AND (member_id, asset_code) > ($2, $3) \
                 ORDER BY member_id, asset_code LIMIT $4) AS of_entry \
             UNION SELECT member_id, asset_code FROM (SELECT DISTINCT member_id, asset_code FROM lot \
                 WHERE tenant_id = $1 AND open AND (member_id, asset_code) > ($2, $3) \
                 ORDER BY member_id, asset_code LIMIT $4) AS of_lot \
             UNION SELECT member_id, asset_code FROM (SELECT DISTINCT member_id, asset_code FROM lot \
                 WHERE tenant_id = $1 AND held > 0 AND (member_id, asset_code) > ($2, $3) \
                 ORDER BY member_id, asset_code LIMIT $4) AS of_held_lot \
             UNION SELECT member_id, asset_code FROM (SELECT DISTINCT member_id, asset_code FROM lot \
                 WHERE tenant_id = $1 AND pending > 0 AND (member_id, asset_code) > ($2, $3) \
                 ORDER BY member_id, asset_code LIMIT $4) AS of_pending_lot \
         ) AS k LEFT JOIN account AS a \
             ON a.tenant_id = $1 AND a.member_id = k.member_id AND a.asset_code = k.asset_code \
         ORDER BY k.member_id, k.asset_code LIMIT $4";
    let (member, asset) = after;
    // Every lot expires after the beginning of time. Told so, SQLite finds the open lots by their index.
    let parameters = [
        tenant.uuid().into(),
        member.into(),
        asset.into(),
        limit.into(),
        i64::MIN.into(),
    ];
    let rows = select(conn, RECONCILE, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let mut row = ReconcileRow {
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
                balance: columns.take()?,
                sequence: columns.take()?,
                entries_sum: columns.take()?,
                entry_count: columns.take()?,
                last_entry_sequence: columns.take()?,
                last_entry_balance: columns.take()?,
                lots_sum: columns.take()?,
                held: columns.take()?,
                lots_held: columns.take()?,
                holds_sum: columns.take()?,
                debt: columns.take()?,
                entries_debt: columns.take()?,
                pending: columns.take()?,
                lots_pending: columns.take()?,
            };
            // Asked for in one figure, SQLite would read the lots by an index on neither.
            // What cannot be counted agrees with no account, whose balance is never below nothing.
            let lots = row.lots_sum.checked_add(row.lots_held);
            let lots = lots.and_then(|sum| sum.checked_add(row.lots_pending));
            row.lots_sum = lots.unwrap_or(i64::MIN);
            Ok(row)
        })
        .collect()
}

/// What is owed of an asset in all, added up from those who owe.
pub(crate) async fn debt_sum(conn: &impl ConnectionTrait, tenant: Tenant, asset: &str) -> Result<i128, Fault> {
    const SUM: &str = "SELECT CAST(COALESCE(SUM(debt >> 32), 0) AS BIGINT), \
             CAST(COALESCE(SUM(debt & 4294967295), 0) AS BIGINT) FROM account \
         WHERE tenant_id = $1 AND asset_code = $2 AND debt > 0";
    let rows = select(conn, SUM, [tenant.uuid().into(), asset.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(0);
    };
    let mut columns = Columns::of(row);
    Ok(of_limbs(columns.take()?, columns.take()?))
}
