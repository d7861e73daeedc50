use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant};
use runtime::{Deps, Queue, Worker};
use store::Db;

use super::handing::Handing;
use super::{Kept, rows};

/// The queue of messages that wait to be handed on, by their ids.
pub(crate) const HAND_ON: &str = "channels.hand_on";
/// How many messages a tick hands on.
const MESSAGES_MAX: i64 = 100;
/// How often to look for messages that other replicas have taken.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Hands on what platforms have sent. What to do follows from the rows alone.
pub(crate) struct HandOn {
    db: Db,
    clock: Clock,
    queue: Queue,
    handing: Handing,
    /// Whose messages were handed on last; it matters to nobody else, so it is not kept.
    turn: Tenant,
}

impl HandOn {
    pub(crate) fn new(deps: &Deps, handing: Handing) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            queue: Queue::new(HAND_ON, deps),
            handing,
            turn: Tenant::PLATFORM,
        }
    }

    /// A page of the tenant whose turn it is: one with many waiting delays another by a page.
    async fn next(&self) -> Result<Option<(Tenant, Vec<Kept>)>, Fault> {
        let now = self.clock.now();
        for turn in [self.turn, Tenant::PLATFORM] {
            let waiting = rows::waiting_after(self.db.read(), turn, now, MESSAGES_MAX).await?;
            if waiting.is_some() {
                return Ok(waiting);
            }
        }
        Ok(None)
    }

    async fn hand_on(&self, tenant: Tenant, kept: Kept) -> Result<(), Fault> {
        let settle = || async { self.handing.settle(tenant, &kept).await.map(|_| ()) };
        self.queue
            .attempt(tenant, &kept.id.uuid().simple().to_string(), settle)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Worker for HandOn {
    fn name(&self) -> &'static str {
        HAND_ON
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some((tenant, waiting)) = self.next().await? else {
            return Ok(0);
        };
        self.turn = tenant;
        let count = waiting.len();
        for kept in waiting {
            self.hand_on(tenant, kept).await?;
        }
        Ok(count)
    }

    async fn rest(&mut self) {
        self.clock.sleep(LOOK_AGAIN).await;
    }
}
