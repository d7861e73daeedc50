use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use ledger::{AccountKey, MemberId};
use sea_orm::ConnectionTrait;
use store::{Columns, Tx, values};

use crate::account::rows::{COLUMNS, key_values};
use crate::store::row::{KEYS_MAX, select};

/// Which account is meant today by the key of one.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts {
    /// That of the same member, or of whom the member was merged into.
    pub(crate) account: AccountKey,
    /// Whether there is a row of it.
    pub(crate) exists: bool,
}

/// Which accounts are meant by these keys, whose members may have been merged meanwhile.
///
/// By subqueries that are looked up row by row: a join with all accounts would be made by reading them all.
pub(crate) async fn whereabouts(
    tx: &Tx,
    keys: &BTreeSet<AccountKey>,
) -> Result<HashMap<AccountKey, Whereabouts>, Fault> {
    let keys: Vec<&AccountKey> = keys.iter().collect();
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(KEYS_MAX) {
        let rows = keys.iter().map(|key| key_values(key).to_vec()).collect();
        let (list, parameters) = values(tx.get_database_backend(), 1, &COLUMNS, rows);
        let sql = format!(
            "SELECT w.tenant_id, w.asked_id, w.asset_code, w.member_id, \
                 (SELECT a.sequence FROM account AS a WHERE a.tenant_id = w.tenant_id AND a.member_id = w.member_id \
                     AND a.asset_code = w.asset_code) \
             FROM (SELECT k.column1 AS tenant_id, k.column2 AS asked_id, k.column3 AS asset_code, \
                 COALESCE((SELECT r.to_id FROM redirect AS r WHERE r.tenant_id = k.column1 AND r.from_id = k.column2), \
                     k.column2) AS member_id FROM {list} AS k) AS w"
        );
        for row in select(&**tx, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            let asked = AccountKey {
                tenant: columns.tenant()?,
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
            };
            let account = AccountKey {
                member: MemberId::from_uuid(columns.take()?),
                ..asked.clone()
            };
            let exists = columns.take::<Option<i64>>()?.is_some();
            found.insert(asked, Whereabouts { account, exists });
        }
    }
    Ok(found)
}
