//! Takes away what was delivered three days ago, and what waited for subscriptions that are gone.

use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Id, Tenant};
use runtime::{Deps, Worker};
use store::Db;
use telemetry::Red;
use uuid::Uuid;

use super::{TRIED_FOR, Webhooked, rows};
use crate::subscription::{Webhook, rows as subscriptions};

/// How many deliveries are looked at in one transaction.
const PAGE: i64 = 500;
/// How long to rest when all were looked at.
const REST: Duration = Duration::from_mins(10);

const DISABLED: &str = "webhook_subscriptions_disabled";
const DISABLED_HELP: &str =
    "Webhook subscriptions that the platform has disabled, because their receivers are gone or out of reach.";

/// Takes away what is over.
pub(crate) struct Tidy {
    clock: Clock,
    db: Db,
    red: Red,
    after: (Tenant, Id<Webhook>, Id<Webhooked>),
    /// When the next round is due, by the steady clock: where the other one is set back, this does not wait for it.
    next: Duration,
}

impl Tidy {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            red: deps.red.clone(),
            after: beginning(),
            next: Duration::ZERO,
        }
    }
}

fn beginning() -> (Tenant, Id<Webhook>, Id<Webhooked>) {
    let nil = Uuid::nil();
    (Tenant::from_uuid(nil), Id::from_uuid(nil), Id::from_uuid(nil))
}

#[async_trait]
impl Worker for Tidy {
    fn name(&self) -> &'static str {
        "channels.tidy_deliveries"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let steady = self.clock.steady();
        if steady < self.next {
            return Ok(0);
        }
        let before = self.clock.now().minus(TRIED_FOR);
        let tx = self.db.begin().await?;
        let page = rows::delete_old(&*tx, &self.after, before, PAGE).await?;
        tx.commit().await?;
        let Some((last, _)) = page else {
            self.after = beginning();
            self.next = steady.saturating_add(REST);
            let disabled = subscriptions::count_disabled(self.db.read()).await?;
            self.red.level(DISABLED, DISABLED_HELP, disabled);
            return Ok(0);
        };
        self.after = last;
        Ok(1)
    }

    async fn rest(&mut self) {
        self.clock.sleep(self.next.saturating_sub(self.clock.steady())).await;
    }

    fn does_due_work(&self) -> bool {
        true
    }
}
