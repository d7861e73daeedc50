use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::Worker;
use store::Db;

use super::rows;
use super::rows::Due;
use crate::workers::REST;

/// How many coupons expire in one transaction at the most.
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
