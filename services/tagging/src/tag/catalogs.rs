//! A brand's definitions, read once and kept as long as they stand.
//!
//! A transaction that evaluates members holds the catalog's lock shared; one that changes a definition or merges holds it
//! alone. So a definition never changes in the middle of an evaluation, and once it has changed nobody evaluates by the
//! old one: that is what makes background evaluation and evaluation by events agree without looking at each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, DbBackend};
use store::{Row as _, Tx};

use super::catalog::Catalog;
use super::rows;
use crate::segment;
use crate::store::{execute, query};

/// How many brands' definitions are kept; beyond, all are read again.
const CATALOGS_MAX: usize = 1_000;

/// The definitions that were read so far.
#[derive(Clone, Default)]
pub(crate) struct Catalogs(Arc<Mutex<Kept>>);

/// By tenant, with the version that was read.
type Kept = HashMap<Tenant, (i64, Arc<Catalog>)>;

/// How the lock is held, to the end of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// For evaluating.
    Shared,
    /// For changing definitions, and for merging members.
    Alone,
}

impl Catalogs {
    /// Takes the lock and answers the definitions as they stand.
    pub(crate) async fn hold(&self, tx: &Tx, tenant: Tenant, hold: Hold) -> Result<Arc<Catalog>, Fault> {
        let version = lock(tx, tenant, hold).await?;
        if let Some(catalog) = self.kept(tenant, version) {
            return Ok(catalog);
        }
        let tags = rows::all(&**tx, tenant).await?;
        let conditions = segment::rows::conditions(&**tx, tenant).await?;
        let catalog = Arc::new(Catalog::new(tags, conditions));
        self.keep(tenant, version, catalog.clone());
        Ok(catalog)
    }

    fn kept(&self, tenant: Tenant, version: i64) -> Option<Arc<Catalog>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant)
            .filter(|(known, _)| *known == version)
            .map(|(_, catalog)| catalog.clone())
    }

    fn keep(&self, tenant: Tenant, version: i64, catalog: Arc<Catalog>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CATALOGS_MAX {
            kept.clear();
        }
        kept.insert(tenant, (version, catalog));
    }
}

/// Says that the definitions have changed. The lock must be held alone.
///
/// What was read under a version that is rolled back is never used: the version is given again only together with other
/// definitions, so it must not be kept by the transaction that makes it. [`Catalogs::hold`] runs before the change.
pub(crate) async fn changed(tx: &Tx, tenant: Tenant) -> Result<(), Fault> {
    const CHANGED: &str = "UPDATE catalog SET version = version + 1 WHERE tenant_id = $1";
    execute(&**tx, CHANGED, [tenant.uuid().into()]).await?;
    Ok(())
}

async fn lock(tx: &Tx, tenant: Tenant, hold: Hold) -> Result<i64, Fault> {
    const BEGIN: &str = "INSERT INTO catalog (tenant_id, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    if let Some(version) = find(tx, tenant, hold).await? {
        return Ok(version);
    }
    execute(&**tx, BEGIN, [tenant.uuid().into()]).await?;
    find(tx, tenant, hold).await?.ok_or(Fault::Contended)
}

async fn find(tx: &Tx, tenant: Tenant, hold: Hold) -> Result<Option<i64>, Fault> {
    let lock = match (tx.get_database_backend(), hold) {
        (DbBackend::Postgres, Hold::Shared) => " FOR SHARE",
        (DbBackend::Postgres, Hold::Alone) => " FOR UPDATE",
        // One writer holds everything alone.
        (_, Hold::Shared | Hold::Alone) => "",
    };
    let sql = format!("SELECT version FROM catalog WHERE tenant_id = $1{lock}");
    let rows = query(&**tx, &sql, [tenant.uuid().into()]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}
