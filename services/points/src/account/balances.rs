//! What members hold of their assets, with what of it expires: one statement reads it, so that an account and its lots are of
//! one moment. Of the lots it reads those that are open and expire until a horizon.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, AssetCode, MemberId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, look_up_with, values};

use super::rows::{MATCHES, key_values};
use crate::store::row::{KEYS_MAX, select};

/// What a member holds of one asset, seen at one moment.
#[derive(Clone)]
pub(crate) struct BalanceRow {
    pub(crate) asset: AssetCode,
    /// The balance with all that is held, and all that has expired but not been posted.
    pub(crate) balance: i64,
    pub(crate) held: i64,
    pub(crate) debt: i64,
    pub(crate) pending: i64,
    /// When all that can be spent expires, unless the account moves before.
    pub(crate) idle_time: Option<Time>,
    pub(crate) sequence: i64,
    /// What has expired but not been posted.
    pub(crate) due: i64,
    /// What expires after now and until the horizon.
    pub(crate) expiring: i64,
    pub(crate) next_expire_time: Option<Time>,
}

/// An account, and until when its lots are looked at.
pub(crate) type Wanted = (AccountKey, Time);

const WANTED: [Column; 4] = [Column::Uuid, Column::Uuid, Column::Text, Column::Int];
const LOTS: &str = "l.tenant_id = t.tenant_id AND l.member_id = t.member_id AND l.asset_code = t.asset_code AND l.open";
const OF_ACCOUNT: &str = "t.asset_code, t.balance, t.held, t.debt, t.pending, t.idle_time, t.sequence";

/// What stands for the lots of an account, with the present time in the parameter of this number.
fn of_lots(now: usize) -> String {
    format!(
        "CAST(COALESCE(SUM(CASE WHEN l.expire_time <= ${now} THEN l.remaining END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN l.expire_time > ${now} THEN l.remaining END), 0) AS BIGINT), \
         MIN(CASE WHEN l.expire_time > ${now} THEN l.expire_time END)"
    )
}

/// The balances of these accounts; nothing of an account that has no entries yet.
pub(crate) async fn balances_of(
    conn: &impl ConnectionTrait,
    wanted: BTreeSet<Wanted>,
    now: Time,
) -> Result<BTreeMap<Wanted, BalanceRow>, Fault> {
    let wanted: Vec<Wanted> = wanted.into_iter().collect();
    let mut found = BTreeMap::new();
    for wanted in wanted.chunks(KEYS_MAX) {
        let row = |(key, horizon): &Wanted| {
            let [tenant, member, asset] = key_values(key);
            vec![tenant, member, asset, horizon.micros().into()]
        };
        let backend = conn.get_database_backend();
        let (list, mut parameters) = values(backend, 1, &WANTED, wanted.iter().map(row).collect());
        parameters.push(now.micros().into());
        let on = format!("{MATCHES} AND t.sequence > 0");
        let lots = format!("{LOTS} AND l.expire_time <= k.column4");
        let from = look_up_with(backend, &list, "account", &on, "lot", &lots);
        let lots = of_lots(parameters.len());
        let keys = "t.tenant_id, t.member_id, k.column4";
        let sql = format!("SELECT {keys}, {OF_ACCOUNT}, {lots} FROM {from} GROUP BY {keys}, {OF_ACCOUNT}");
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            let (tenant, member) = (columns.tenant()?, MemberId::from_uuid(columns.take()?));
            let horizon = columns.time()?;
            let balance = balance(&mut columns)?;
            let asset = balance.asset.clone();
            found.insert((AccountKey { tenant, member, asset }, horizon), balance);
        }
    }
    Ok(found)
}

/// A member's balances after an asset's code, up to a number.
pub(crate) async fn balances_after(
    conn: &impl ConnectionTrait,
    (tenant, member): (Tenant, MemberId),
    asset: &str,
    limit: i64,
    (now, horizon): (Time, Time),
) -> Result<Vec<BalanceRow>, Fault> {
    let lots = of_lots(4);
    let sql = format!(
        "SELECT {OF_ACCOUNT}, {lots} FROM account AS t LEFT JOIN lot AS l ON {LOTS} AND l.expire_time <= $5 \
         WHERE t.tenant_id = $1 AND t.member_id = $2 AND t.asset_code > $3 AND t.sequence > 0 \
         GROUP BY {OF_ACCOUNT} ORDER BY t.asset_code LIMIT $6"
    );
    let parameters: [Value; 6] = [
        tenant.uuid().into(),
        member.uuid().into(),
        asset.into(),
        now.micros().into(),
        horizon.micros().into(),
        limit.into(),
    ];
    let rows = select(conn, &sql, parameters).await?;
    rows.iter()
        .map(|row: &QueryResult| balance(&mut Columns::of(row)))
        .collect()
}

fn balance(columns: &mut Columns<'_>) -> Result<BalanceRow, Fault> {
    Ok(BalanceRow {
        asset: columns.take::<String>()?.into(),
        balance: columns.take()?,
        held: columns.take()?,
        debt: columns.take()?,
        pending: columns.take()?,
        idle_time: columns.optional_time()?,
        sequence: columns.take()?,
        due: columns.take()?,
        expiring: columns.take()?,
        next_expire_time: columns.optional_time()?,
    })
}
