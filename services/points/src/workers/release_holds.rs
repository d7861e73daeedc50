use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::Worker;
use store::Db;

use crate::domain::{Act, Posting, Refusal, ReleaseCause};
use crate::post::post_many;
use crate::store::{due_holds, tenants};

/// How many holds of a tenant are given back in one transaction.
const HOLDS_MAX: i64 = 500;
/// How long after its deadline a hold may still keep its amount from being spent. Nobody can capture it meanwhile.
const LATENESS_MAX: Duration = Duration::from_secs(30);

/// Gives holds back whose deadline has passed. What to do follows from the table and the clock alone, so a missed, doubled
/// or crashed tick is repaired by the next one.
pub(crate) struct ReleaseHolds {
    clock: Clock,
    db: Db,
}

impl ReleaseHolds {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        Self { clock, db }
    }

    async fn release(&self, tenant: Tenant, now: Time) -> Result<usize, Fault> {
        let due = due_holds(self.db.read(), tenant, now, HOLDS_MAX).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let release = |&(ref account, hold): &(_, _)| {
            let cause = ReleaseCause::Deadline;
            Posting::new(Clone::clone(account), Act::Release { hold, cause })
        };
        let postings: Vec<Posting> = due.iter().map(release).collect();
        let tx = self.db.begin().await?;
        for decided in post_many(&tx, &self.clock, &postings).await? {
            match decided {
                // Frozen since it was found; what is frozen waits.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        tx.commit().await?;
        Ok(due.len())
    }
}

#[async_trait]
impl Worker for ReleaseHolds {
    fn name(&self) -> &'static str {
        "points.release_holds"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut released: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            released = released.saturating_add(self.release(tenant, now).await?);
        }
        Ok(released)
    }

    async fn rest(&mut self) {
        self.clock.sleep(LATENESS_MAX).await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
