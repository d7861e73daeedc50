//! New definitions catch up with the members that there are already.

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::{Deps, Queue, Worker};

use crate::store::LOOK_AGAIN;

/// A kind of definitions that catch up, a page of members at a time. How far each has come stands in its row.
#[async_trait]
pub(crate) trait CatchUp: Send + Sync {
    /// The queue of definitions that have something to catch up with, by their codes.
    fn queue(&self) -> &'static str;

    /// One that is not set aside, of the brand whose turn it is after another one's ([`crate::store::next_in_turn`]).
    async fn next(&self, turn: Tenant, now: Time) -> Result<Option<(Tenant, String)>, Fault>;

    /// Takes the next page of members, or ends; answers how much that was.
    async fn go_on(&self, tenant: Tenant, code: &str) -> Result<usize, Fault>;
}

/// The worker of one kind: brands take turns, and a definition that fails is set aside and holds up no other.
pub(crate) struct CatchingUp<C> {
    definitions: C,
    clock: Clock,
    queue: Queue,
    /// Whose definition was worked on last; it matters to nobody else, so it is not kept.
    turn: Tenant,
}

impl<C: CatchUp> CatchingUp<C> {
    pub(crate) fn new(definitions: C, deps: &Deps) -> Self {
        Self {
            clock: deps.clock.clone(),
            queue: Queue::new(definitions.queue(), deps),
            definitions,
            turn: Tenant::PLATFORM,
        }
    }
}

#[async_trait]
impl<C: CatchUp> Worker for CatchingUp<C> {
    fn name(&self) -> &str {
        self.queue.name()
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some((tenant, code)) = self.definitions.next(self.turn, self.clock.now()).await? else {
            return Ok(0);
        };
        self.turn = tenant;
        let go_on = || self.definitions.go_on(tenant, &code);
        // One that failed has been worked on, too.
        Ok(self.queue.attempt(tenant, &code, go_on).await?.unwrap_or(1))
    }

    async fn rest(&mut self) {
        self.clock.sleep(LOOK_AGAIN).await;
    }
}
