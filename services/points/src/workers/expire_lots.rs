use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::Worker;
use store::Db;

use crate::domain::{AccountKey, Act, LotId, Posting, Refusal};
use crate::post::post_many;
use crate::store::{due_lots, idle_accounts, tenants};

/// How many lots of a tenant expire in one transaction.
const LOTS_MAX: i64 = 1_000;
/// How many idle accounts of a tenant expire in one transaction.
const ACCOUNTS_MAX: i64 = 200;
/// How long after its time a lot may still stand in the books. Nobody can spend it meanwhile, and no balance counts it.
const LATENESS_MAX: Duration = Duration::from_mins(10);

/// Expires lots whose time has come. What to do follows from the table and the clock alone, so a missed, doubled or
/// crashed tick is repaired by the next one.
pub(crate) struct ExpireLots {
    clock: Clock,
    db: Db,
}

impl ExpireLots {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        Self { clock, db }
    }

    /// Accounts that have been idle for too long lose all that can be spent of them.
    async fn expire_idle(&self, tenant: Tenant, now: Time) -> Result<usize, Fault> {
        let idle = idle_accounts(self.db.read(), tenant, now, ACCOUNTS_MAX).await?;
        if idle.is_empty() {
            return Ok(0);
        }
        let found = idle.len();
        let expire = |account| Posting::new(account, Act::Expire { lots: Vec::new() });
        let postings: Vec<Posting> = idle.into_iter().map(expire).collect();
        let tx = self.db.begin().await?;
        for decided in post_many(&tx, &self.clock, &postings).await? {
            match decided {
                // Frozen since it was found; what is frozen waits.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        tx.commit().await?;
        Ok(found)
    }

    async fn expire(&self, tenant: Tenant, now: Time) -> Result<usize, Fault> {
        let due = due_lots(self.db.read(), tenant, now, LOTS_MAX).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let found = due.len();
        let mut lots: BTreeMap<AccountKey, Vec<LotId>> = BTreeMap::new();
        for it in due {
            lots.entry(it.account).or_default().push(it.lot);
        }
        let postings = lots
            .into_iter()
            .map(|(account, lots)| Posting::new(account, Act::Expire { lots }));
        let tx = self.db.begin().await?;
        for decided in post_many(&tx, &self.clock, &postings.collect::<Vec<_>>()).await? {
            match decided {
                // Frozen since it was found; what is frozen waits.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        tx.commit().await?;
        Ok(found)
    }
}

#[async_trait]
impl Worker for ExpireLots {
    fn name(&self) -> &'static str {
        "points.expire_lots"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut expired: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            expired = expired.saturating_add(self.expire(tenant, now).await?);
            expired = expired.saturating_add(self.expire_idle(tenant, now).await?);
        }
        Ok(expired)
    }

    async fn rest(&mut self) {
        self.clock.sleep(LATENESS_MAX).await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
