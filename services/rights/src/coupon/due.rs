//! The workers that end validities and locks. Nobody waits for them: a reader computes what is due, see [`Coupon::state_at`].
//!
//! [`Coupon::state_at`]: super::Coupon::state_at

use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::{Timer, Worker};
use store::Db;

use super::rows;
use super::rows::Due;

/// The deadlines of locks, by which their worker is woken.
pub(crate) const LOCKS: &str = "rights.lapse_locks";

/// How long the worker rests when no validity has ended.
const REST: Duration = Duration::from_secs(1);
/// How many coupons are changed in one transaction at the most.
const COUPONS_MAX: i64 = 2_000;

/// Expires the coupons whose validity has ended.
pub(crate) struct ExpireCoupons {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
}

#[async_trait]
impl Worker for ExpireCoupons {
    fn name(&self) -> &'static str {
        "rights.expire_coupons"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let done = rows::do_due(&self.db, Due::Expiry, self.clock.now(), COUPONS_MAX).await?;
        usize::try_from(done).map_err(Fault::internal)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        self.clock.sleep(REST).await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}

/// Takes away the locks whose deadline has passed.
pub(crate) struct LapseLocks {
    pub(crate) timer: Timer,
    pub(crate) db: Db,
}

#[async_trait]
impl Worker for LapseLocks {
    fn name(&self) -> &'static str {
        LOCKS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.timer.look();
        let done = rows::do_due(&self.db, Due::LockExpiry, now, COUPONS_MAX).await?;
        self.timer.found_next(rows::next_lock_due(&self.db, now).await?);
        usize::try_from(done).map_err(Fault::internal)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        self.timer.rest().await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
