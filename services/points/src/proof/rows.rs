use fault::Fault;
use kernel::Tenant;
use ledger::{AccountKey, Books, EntryId, EntryKind, Figures, Line, LotSums, MemberId, Proven};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Tx, insert_rows};
use uuid::Uuid;

use crate::account::rows::key_values;
use crate::store::row::select;

/// An account with what is written down about it after its last proof.
#[derive(Clone, Debug)]
pub(crate) struct BooksRow {
    pub(crate) key: AccountKey,
    pub(crate) books: Books,
}

/// Which accounts are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Accounts<'k> {
    /// The one of this member and asset.
    One(Uuid, &'k str),
    /// Those after this member and asset, so many at the most.
    After(Uuid, &'k str, i64),
}

/// From where on an account's entries are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since {
    /// After those that were proven; a proof that was begun before this pass does not count.
    Proofs { scratch_pass: i64 },
    /// After this one, whatever was proven.
    Line(Proven),
}

/// Accounts, each with its row, the sums of its open lots and holds, and its first entries after those that are known:
/// `lines_max` at the most, so that the cost is bounded by the number of accounts, their open lots and holds and that.
///
/// One statement, and so one snapshot. The accounts are those that have a row or a first entry: one whose row was lost is
/// found as well. They are limited twice, so that no database adds the lots up for each entry anew.
pub(crate) async fn read_books(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    accounts: Accounts<'_>,
    since: Since,
    lines_max: usize,
) -> Result<Vec<BooksRow>, Fault> {
    let (filter, member, asset, limit) = match accounts {
        Accounts::One(member, asset) => ("member_id = $2 AND asset_code = $3", member, asset, 1),
        Accounts::After(member, asset, limit) => ("(member_id, asset_code) > ($2, $3)", member, asset, limit),
    };
    // No proof is of a pass that late.
    let (scratch_pass, base) = match since {
        Since::Proofs { scratch_pass } => (scratch_pass, Proven::default()),
        Since::Line(line) => (i64::MAX, line),
    };
    let sql = format!(
        "SELECT k.member_id, k.asset_code, k.account_sequence, k.account_balance, k.account_held, k.account_pending, \
             k.account_debt, k.lots_remaining, k.lots_held, k.lots_pending, k.holds_sum, k.proven_sequence, \
             k.proven_balance, k.proven_debt, e.entry_id, e.sequence, e.amount, e.balance, e.debt, \
             CAST(CASE WHEN e.kind = $8 THEN e.amount ELSE COALESCE((SELECT SUM(p.amount) FROM entry_lot AS p \
                 WHERE p.tenant_id = $1 AND p.entry_id = e.entry_id), 0) END AS BIGINT) \
         FROM ( \
             SELECT u.member_id, u.asset_code, a.sequence AS account_sequence, a.balance AS account_balance, \
                 a.held AS account_held, a.pending AS account_pending, a.debt AS account_debt, \
                 CAST(COALESCE((SELECT SUM(l.remaining) FROM lot AS l WHERE l.tenant_id = $1 \
                     AND l.member_id = u.member_id AND l.asset_code = u.asset_code AND l.open AND l.expire_time >= $7), 0) \
                     AS BIGINT) AS lots_remaining, \
                 CAST(COALESCE((SELECT SUM(l.held) FROM lot AS l WHERE l.tenant_id = $1 \
                     AND l.member_id = u.member_id AND l.asset_code = u.asset_code AND l.held > 0), 0) AS BIGINT) \
                     AS lots_held, \
                 CAST(COALESCE((SELECT SUM(l.pending) FROM lot AS l WHERE l.tenant_id = $1 \
                     AND l.member_id = u.member_id AND l.asset_code = u.asset_code AND l.pending > 0), 0) AS BIGINT) \
                     AS lots_pending, \
                 CAST(COALESCE((SELECT SUM(p.amount) FROM hold AS h CROSS JOIN hold_lot AS p WHERE h.tenant_id = $1 \
                     AND h.member_id = u.member_id AND h.asset_code = u.asset_code AND h.open \
                     AND p.tenant_id = h.tenant_id AND p.hold_id = h.hold_id), 0) AS BIGINT) AS holds_sum, \
                 COALESCE(p.sequence, $9) AS proven_sequence, COALESCE(p.balance, $10) AS proven_balance, \
                 COALESCE(p.debt, $11) AS proven_debt \
             FROM ( \
                 SELECT member_id, asset_code FROM (SELECT member_id, asset_code FROM account \
                     WHERE tenant_id = $1 AND {filter} ORDER BY member_id, asset_code LIMIT $4) AS of_account \
                 UNION SELECT member_id, asset_code FROM (SELECT member_id, asset_code FROM entry \
                     WHERE tenant_id = $1 AND sequence = 1 AND {filter} ORDER BY member_id, asset_code LIMIT $4) AS of_entry \
             ) AS u \
             LEFT JOIN account AS a ON a.tenant_id = $1 AND a.member_id = u.member_id AND a.asset_code = u.asset_code \
             LEFT JOIN account_proof AS p ON p.tenant_id = $1 AND p.member_id = u.member_id \
                 AND p.asset_code = u.asset_code AND p.scratch_pass >= $5 \
             ORDER BY u.member_id, u.asset_code LIMIT $4 \
         ) AS k \
         LEFT JOIN entry AS e ON e.tenant_id = $1 AND e.member_id = k.member_id AND e.asset_code = k.asset_code \
             AND e.sequence > k.proven_sequence AND e.sequence <= k.proven_sequence + $6 \
         ORDER BY k.member_id, k.asset_code, e.sequence"
    );
    // Every lot expires after the beginning of time. Told so, SQLite finds the open lots by their index.
    let parameters: [Value; 11] = [
        tenant.uuid().into(),
        member.into(),
        asset.into(),
        limit.into(),
        scratch_pass.into(),
        i64::try_from(lines_max).map_err(Fault::internal)?.into(),
        i64::MIN.into(),
        EntryKind::Earn.number().into(),
        base.sequence.into(),
        base.balance.into(),
        base.debt.into(),
    ];
    let mut found: Vec<BooksRow> = Vec::new();
    for row in select(conn, &sql, parameters).await? {
        let (read, line) = books_row(tenant, &row)?;
        match found.last_mut() {
            Some(last) if last.key == read.key => last.books.lines.extend(line),
            Some(_) | None => {
                found.push(read);
                if let Some(last) = found.last_mut() {
                    last.books.lines.extend(line);
                }
            }
        }
    }
    Ok(found)
}

fn books_row(tenant: Tenant, row: &QueryResult) -> Result<(BooksRow, Option<Line>), Fault> {
    let mut columns = Columns::of(row);
    let key = AccountKey {
        tenant,
        member: MemberId::from_uuid(columns.take()?),
        asset: columns.take::<String>()?.into(),
    };
    let account = figures(&mut columns)?;
    let lots = LotSums {
        remaining: columns.take()?,
        held: columns.take()?,
        pending: columns.take()?,
    };
    let holds_sum = columns.take()?;
    let proven = Proven {
        sequence: columns.take()?,
        balance: columns.take()?,
        debt: columns.take()?,
    };
    let books = Books {
        account,
        lots,
        holds_sum,
        proven,
        lines: Vec::new(),
    };
    let line = match columns.take::<Option<Uuid>>()? {
        None => None,
        Some(entry) => Some(Line {
            entry: EntryId::from_uuid(entry),
            sequence: columns.take()?,
            amount: columns.take()?,
            balance: columns.take()?,
            debt: columns.take()?,
            lots_sum: columns.take()?,
        }),
    };
    Ok((BooksRow { key, books }, line))
}

/// What the account's row says, if there is one.
fn figures(columns: &mut Columns<'_>) -> Result<Option<Figures>, Fault> {
    let [sequence, balance, held, pending, debt] = [
        columns.take::<Option<i64>>()?,
        columns.take()?,
        columns.take()?,
        columns.take()?,
        columns.take()?,
    ];
    Ok(match (sequence, balance, held, pending, debt) {
        (Some(sequence), Some(balance), Some(held), Some(pending), Some(debt)) => Some(Figures {
            sequence,
            balance,
            held,
            pending,
            debt,
        }),
        _ => None,
    })
}

/// Remembers how far accounts have been proven. A proof that another replica has taken further stays.
pub(crate) async fn save_proofs(tx: &Tx, proofs: &[(AccountKey, Proven)], scratch_pass: i64) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO account_proof (tenant_id, member_id, asset_code, sequence, balance, scratch_pass, debt)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, member_id, asset_code) DO UPDATE SET sequence = excluded.sequence, \
         balance = excluded.balance, scratch_pass = excluded.scratch_pass, debt = excluded.debt \
         WHERE account_proof.scratch_pass < excluded.scratch_pass OR account_proof.sequence < excluded.sequence";
    let rows = proofs.iter().map(|(key, proven)| {
        let [tenant, member, asset] = key_values(key);
        vec![
            tenant,
            member,
            asset,
            proven.sequence.into(),
            proven.balance.into(),
            scratch_pass.into(),
            proven.debt.into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), CHANGE).await?;
    Ok(())
}
