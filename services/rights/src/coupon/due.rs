//! What the clock does to coupons. Nobody waits for the workers: a reader computes what is due, see [`Coupon::state_at`].

use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::{Deps, DueRows, DueWork, Worker};
use store::{Db, Tx};

use super::due_rows;
use super::due_rows::Due;
use super::{Coupon, CouponId, facts};

/// The queue of coupons whose validity has ended, by their ids.
pub(crate) const EXPIRIES: &str = "rights.expire_coupons";
/// The queue of coupons whose lock has lapsed, by their ids, and its deadlines.
pub(crate) const LOCKS: &str = "rights.lapse_locks";

/// How long the worker rests when no validity has ended.
const REST: Duration = Duration::from_secs(1);

/// Expires the free coupons whose validity has ended.
pub(crate) fn expire_coupons(deps: &Deps) -> Box<dyn Worker> {
    Box::new(DueWork::every(REST, DueCoupons::new(Due::Expiry, deps), deps))
}

/// Takes away the locks whose deadline has passed; their coupons are free, or expired.
pub(crate) fn lapse_locks(deps: &Deps) -> Box<dyn Worker> {
    Box::new(DueWork::at_deadline(DueCoupons::new(Due::LockExpiry, deps), deps))
}

/// Coupons whose time comes in one way.
struct DueCoupons {
    due: Due,
    clock: Clock,
    db: Db,
}

impl DueCoupons {
    fn new(due: Due, deps: &Deps) -> Self {
        Self {
            due,
            clock: deps.clock.clone(),
            db: deps.db.clone(),
        }
    }
}

#[async_trait]
impl DueRows for DueCoupons {
    type Key = CouponId;

    fn name(&self) -> &'static str {
        self.due.queue()
    }

    async fn tenants(&self, now: Time) -> Result<Vec<Tenant>, Fault> {
        due_rows::tenants(self.db.read(), self.due, now).await
    }

    async fn find(&self, tenant: Tenant, now: Time) -> Result<Vec<CouponId>, Fault> {
        due_rows::find(self.db.read(), self.due, tenant, now).await
    }

    fn item(&self, key: &CouponId) -> String {
        key.uuid().simple().to_string()
    }

    async fn end(&self, tx: &Tx, tenant: Tenant, keys: Vec<CouponId>, now: Time) -> Result<usize, Fault> {
        let locked = due_rows::lock(tx, tenant, &keys).await?.into_iter();
        let ended: Vec<Coupon> = locked
            .filter_map(|coupon| {
                let state = coupon.overdue(now)?;
                Some(Coupon { state, ..coupon })
            })
            .collect();
        due_rows::write(tx, tenant, &ended).await?;
        let facts = ended.iter().filter_map(|coupon| facts::ended(tenant, coupon));
        tx.emit_all(&self.clock, facts.collect()).await?;
        Ok(ended.len())
    }

    async fn next(&self, after: Time) -> Result<Option<Time>, Fault> {
        due_rows::next(self.db.read(), self.due, after).await
    }
}
