use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::Worker;
use store::Db;

use crate::fact::{heard, listeners};

/// How long facts are kept for runs that have yet to come to their wait: longer than any outage.
pub(crate) const HEARD_DAYS: i64 = 60;
/// How many facts are forgotten in one transaction.
const FORGOTTEN_MAX: usize = 2_000;
/// How long to rest between two rounds.
const ROUND: Duration = Duration::from_hours(6);

/// Keeps the tables small: forgets facts that no run can need any more, and waits that nobody follows.
pub(crate) struct Tidy {
    db: Db,
    clock: Clock,
    /// When the next round is due, by the steady clock: where the other one is set back, this does not wait for it.
    next: Duration,
}

impl Tidy {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            next: Duration::ZERO,
        }
    }
}

#[async_trait]
impl Worker for Tidy {
    fn name(&self) -> &'static str {
        "campaign.tidy"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let (now, steady) = (self.clock.now(), self.clock.steady());
        if steady < self.next {
            return Ok(0);
        }
        let tx = self.db.begin().await?;
        let forgotten = heard::forget(&*tx, now.plus_days(-HEARD_DAYS), FORGOTTEN_MAX).await?;
        listeners::forget_unfollowed(&*tx).await?;
        tx.commit().await?;
        let forgotten = usize::try_from(forgotten).map_err(Fault::internal)?;
        if forgotten < FORGOTTEN_MAX {
            self.next = steady.saturating_add(ROUND);
        }
        Ok(forgotten)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        self.clock.sleep(self.next.saturating_sub(self.clock.steady())).await;
    }
}
