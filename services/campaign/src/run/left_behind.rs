use std::time::Duration;

use fault::Fault;
use kernel::{Clock, Time};
use runtime::Deps;
use store::{Db, Presence};

use super::rows;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Frees leases under which nobody works any more: a process was killed, or a tick has failed.
pub(crate) struct LeftBehind {
    db: Db,
    clock: Clock,
    next_look: Time,
}

impl LeftBehind {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            next_look: Time::EPOCH,
        }
    }

    /// Frees the leases of those who have gone, and the caller's own, who has nothing in hand now.
    pub(crate) async fn free(&mut self, own: Option<Presence>) -> Result<(), Fault> {
        let now = self.clock.now();
        if now < self.next_look {
            return Ok(());
        }
        let holders = rows::lease_holders(self.db.read()).await?;
        let (own, others): (Vec<Presence>, Vec<Presence>) =
            holders.into_iter().partition(|holder| Some(*holder) == own);
        let departed = self.db.departed(&others).await?;
        for holder in own.into_iter().chain(departed) {
            let tx = self.db.begin().await?;
            rows::free(&*tx, holder, now).await?;
            tx.commit().await?;
        }
        self.next_look = now.plus(LOOK_EVERY);
        Ok(())
    }
}
