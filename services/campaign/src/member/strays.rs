use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::{Deps, Queue, Worker};
use store::Db;

use super::merge::{Merge, merge};
use super::merges;
use crate::journey::versions::Versions;

/// The queue of merges that are looked at once more, by the absorbed members' ids.
pub(crate) const STRAYS: &str = "campaign.bring_strays_home";
/// How long after a merge it is looked at once more. No transaction lives longer.
pub(crate) const LOOK_AFTER: Duration = Duration::from_mins(1);
/// How many merges are looked at in one transaction.
const MERGES_MAX: usize = 256;
/// How often to look for merges of other replicas.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Brings home runs and facts that were written for a member by a transaction that had not seen the merge: the merge is applied once more,
/// which changes nothing where nothing strayed.
pub(crate) struct Strays {
    db: Db,
    clock: Clock,
    versions: Versions,
    queue: Queue,
}

impl Strays {
    pub(crate) fn new(deps: &Deps, versions: Versions) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            versions,
            queue: Queue::new(STRAYS, deps),
        }
    }

    async fn look(&self, due: Vec<Merge>) -> Result<(), Fault> {
        let tx = self.db.begin().await?;
        merges::take(&*tx, &due).await?;
        merge(&tx, &self.versions, &due, self.clock.now()).await?;
        tx.commit().await
    }
}

#[async_trait]
impl Worker for Strays {
    fn name(&self) -> &'static str {
        STRAYS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.clock.now();
        if merges::next_look(self.db.read()).await?.is_none_or(|look| look > now) {
            return Ok(0);
        }
        let due = merges::due(self.db.read(), now, MERGES_MAX).await?;
        let name = |merge: &Merge| (merge.tenant, merge.absorbed.uuid().simple().to_string());
        self.queue.attempt_all(due, name, |due| self.look(due)).await
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        kernel::pause(LOOK_AGAIN).await;
    }

    fn waits_for_clock(&self) -> bool {
        true
    }
}
