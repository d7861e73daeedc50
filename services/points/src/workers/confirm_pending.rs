use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::Worker;
use store::Db;

use crate::domain::{Act, ConfirmCause, Earns, Posting, Refusal};
use crate::post::post_many;
use crate::store::{due_pending, tenants};

/// How many pending earns of a tenant become available in one transaction.
const EARNS_MAX: i64 = 1_000;
/// How long after its time an earn may still be pending.
const LATENESS_MAX: Duration = Duration::from_mins(1);

/// Makes pending earns available whose time has come. What to do follows from the table and the clock alone, so a missed,
/// doubled or crashed tick is repaired by the next one.
pub(crate) struct ConfirmPending {
    clock: Clock,
    db: Db,
}

impl ConfirmPending {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        Self { clock, db }
    }

    async fn confirm(&self, tenant: Tenant, now: Time) -> Result<usize, Fault> {
        let due = due_pending(self.db.read(), tenant, now, EARNS_MAX).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let found = due.len();
        let cause = ConfirmCause::Time;
        let confirm = |(account, entry)| {
            let earns = Earns::Entry(entry);
            Posting::new(account, Act::Confirm { earns, cause })
        };
        let postings: Vec<Posting> = due.into_iter().map(confirm).collect();
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
}

#[async_trait]
impl Worker for ConfirmPending {
    fn name(&self) -> &'static str {
        "points.confirm_pending"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut confirmed: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            confirmed = confirmed.saturating_add(self.confirm(tenant, now).await?);
        }
        Ok(confirmed)
    }

    async fn rest(&mut self) {
        self.clock.sleep(LATENESS_MAX).await;
    }
}
