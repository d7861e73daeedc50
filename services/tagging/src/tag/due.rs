use std::collections::BTreeSet;

use async_trait::async_trait;
use fault::Fault;
use kernel::Tenant;
use runtime::{Queue, Timer, Worker};
use store::Db;

use super::catalogs::Hold;
use super::member_tags;
use crate::member::MemberId;
use crate::member::revision::{MEMBERS_MAX, Revisions};

/// The queue of members with a tag whose time has come, by their ids.
pub(crate) const LOOKS: &str = "tagging.look_at_due";

/// The timer of windows and lifetimes: members with a tag whose time has come are revised, which lets assignments lapse
/// and folds computed tags afresh. Finds them by an index of due times, so its cost is that of what is due; each brand in
/// turn, so that one for whom much comes due at once holds up nobody else.
pub(crate) struct LookAtDue {
    pub(crate) timer: Timer,
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
    pub(crate) queue: Queue,
}

#[async_trait]
impl Worker for LookAtDue {
    fn name(&self) -> &'static str {
        LOOKS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = self.timer.look();
        let mut revised: usize = 0;
        for (tenant, _) in member_tags::next_due(self.db.read())
            .await?
            .into_iter()
            .filter(|(_, due)| *due <= now)
        {
            let due = member_tags::due(self.db.read(), tenant, now, MEMBERS_MAX).await?;
            let name = |member: &MemberId| (tenant, member.uuid().simple().to_string());
            let look = |members| self.look(tenant, members);
            revised = revised.saturating_add(self.queue.attempt_all(due, name, look).await?);
        }
        let next = member_tags::next_due_after(self.db.read(), now).await?;
        self.timer.found_next(next);
        Ok(revised)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        self.timer.rest().await;
    }
}

impl LookAtDue {
    async fn look(&self, tenant: Tenant, members: Vec<MemberId>) -> Result<(), Fault> {
        let tx = self.db.begin().await?;
        let revision = self.revisions.begin(&tx, tenant, Hold::Shared).await?;
        let members: BTreeSet<MemberId> = members.into_iter().collect();
        let subjects = revision.known_subjects(&members).await?;
        revision.settle(subjects, None, Vec::new()).await?;
        tx.commit().await
    }
}
