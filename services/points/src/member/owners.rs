use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use ledger::{AccountKey, MemberId};
use sea_orm::ConnectionTrait;
use store::{Column, Columns, Tx, look_up, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, select};

/// What is some account's, and is named by an id alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Owned {
    Entry,
    Hold,
    Adjustment,
}

impl Owned {
    fn matches(self) -> &'static str {
        match self {
            Self::Entry => "t.tenant_id = k.column1 AND t.entry_id = k.column2",
            Self::Hold => "t.tenant_id = k.column1 AND t.hold_id = k.column2",
            Self::Adjustment => "t.tenant_id = k.column1 AND t.adjustment_id = k.column2",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Hold => "hold",
            Self::Adjustment => "adjustment",
        }
    }
}

/// The accounts of these, as they are noted there; of those that exist.
pub(crate) async fn owners(
    tx: &Tx,
    owned: &BTreeSet<(Owned, Tenant, Uuid)>,
) -> Result<HashMap<(Owned, Tenant, Uuid), AccountKey>, Fault> {
    let mut by_table: BTreeMap<Owned, Vec<(Tenant, Uuid)>> = BTreeMap::new();
    for &(owned, tenant, id) in owned {
        by_table.entry(owned).or_default().push((tenant, id));
    }
    let mut owners = HashMap::with_capacity(owned.len());
    for (owned, ids) in by_table {
        for ids in ids.chunks(KEYS_MAX) {
            for (tenant, id, owner) in read(tx, owned, ids).await? {
                owners.insert((owned, tenant, id), owner);
            }
        }
    }
    Ok(owners)
}

async fn read(tx: &Tx, owned: Owned, ids: &[(Tenant, Uuid)]) -> Result<Vec<(Tenant, Uuid, AccountKey)>, Fault> {
    let rows = ids.iter().map(|(tenant, id)| vec![tenant.uuid().into(), (*id).into()]);
    let backend = tx.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows.collect());
    let found = look_up(backend, &list, owned.table(), owned.matches());
    let sql = format!("SELECT k.column1, k.column2, t.member_id, t.asset_code FROM {found}");
    let rows = select(&**tx, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let (tenant, id) = (columns.tenant()?, columns.take()?);
            let owner = AccountKey {
                tenant,
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
            };
            Ok((tenant, id, owner))
        })
        .collect()
}
