use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Time};
use runtime::Worker;
use store::Db;

use crate::consumers::merge;
use crate::store::{heard, listeners, strays};
use crate::versions::Versions;

/// How long facts are kept for runs that have yet to come to their wait: longer than any outage.
pub(crate) const HEARD_DAYS: i64 = 60;
/// How many facts are forgotten in one transaction.
const FORGOTTEN_MAX: usize = 2_000;
/// How many members are looked after in one transaction.
const STRAYS_MAX: usize = 100;
/// How long to rest between two rounds.
const ROUND: Duration = Duration::from_secs(60);

/// Keeps the tables small and right: forgets facts that no run can need any more and waits that nobody follows, and brings
/// home what was written for a member while he was being merged.
pub(crate) struct Tidy {
    db: Db,
    clock: Clock,
    versions: Versions,
    /// When the next round is due.
    next: Time,
}

impl Tidy {
    pub(crate) fn new(db: Db, clock: Clock, versions: Versions) -> Self {
        Self {
            db,
            clock,
            versions,
            next: Time::EPOCH,
        }
    }
}

#[async_trait]
impl Worker for Tidy {
    fn name(&self) -> &'static str {
        "campaign.tidy"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        if now < self.next {
            return Ok(0);
        }
        let tx = self.db.begin().await?;
        let forgotten = heard::forget(&*tx, now.plus_days(-HEARD_DAYS), FORGOTTEN_MAX).await?;
        let forgotten = usize::try_from(forgotten).map_err(Fault::internal)?;
        listeners::forget_unfollowed(&*tx).await?;
        let strays = strays::find(&*tx, STRAYS_MAX).await?;
        merge(&tx, &self.versions, &strays, now).await?;
        tx.commit().await?;
        if forgotten < FORGOTTEN_MAX && strays.len() < STRAYS_MAX {
            self.next = now.plus(ROUND);
        }
        Ok(forgotten.saturating_add(strays.len()))
    }

    async fn rest(&mut self) {
        self.clock.sleep_until(self.next).await;
    }
}
