use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::Worker;
use store::Db;

use super::{LOOK_AGAIN, MEMBERS_MAX};
use crate::store::catalogs::Hold;
use crate::store::member_tags;
use crate::store::revision::Revisions;

/// The timer of windows and lifetimes: members with a tag whose time has come are revised, which lets assignments lapse
/// and folds computed tags afresh. Finds them by an index of due times, so its cost is that of what is due.
pub(super) struct LookAtDue {
    pub(super) clock: Clock,
    pub(super) db: Db,
    pub(super) revisions: Revisions,
}

#[async_trait]
impl Worker for LookAtDue {
    fn name(&self) -> &'static str {
        "tagging.look_at_due"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let due = member_tags::due(self.db.read(), self.clock.now(), MEMBERS_MAX).await?;
        let mut revised: usize = 0;
        for (tenant, members) in due {
            let tx = self.db.begin().await?;
            let revision = self.revisions.begin(&tx, tenant, Hold::Shared).await?;
            let subjects = revision.known_subjects(&members).await?;
            revision.settle(subjects, None, Vec::new()).await?;
            tx.commit().await?;
            revised = revised.saturating_add(members.len());
        }
        Ok(revised)
    }

    async fn rest(&mut self) {
        self.clock.sleep(LOOK_AGAIN).await;
    }
}
