use async_trait::async_trait;
use fault::Fault;
use runtime::{Timer, Worker};
use store::Db;

use super::rows;
use super::rows::Due;
use crate::workers::LOCKS;

/// How many locks lapse in one transaction at the most.
const LOCKS_MAX: i64 = 2_000;

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
        let done = rows::do_due(&self.db, Due::LockExpiry, now, LOCKS_MAX).await?;
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
