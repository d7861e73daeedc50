use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant};
use runtime::{Queue, Worker};
use store::Db;

use super::catalogs;
use super::catalogs::Hold;
use super::rows;
use crate::member;
use crate::member::revision::{MEMBERS_MAX, Revisions};
use crate::store::LOOK_AGAIN;

/// The queue of tags that are backfilled, by their codes.
pub(crate) const BACKFILLS: &str = "tagging.backfill_tags";

/// Counts the activities of the past into new computed tags, a page of members at a time.
///
/// Members whom an activity reaches meanwhile are folded then (see `Subject::did`), and once more here: folding twice
/// ends in the same standing, so nothing but the page has to be remembered.
pub(crate) struct BackfillTags {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
    pub(crate) queue: Queue,
    /// Whose tag was worked on last: the next one is another brand's.
    pub(crate) turn: Tenant,
}

#[async_trait]
impl Worker for BackfillTags {
    fn name(&self) -> &'static str {
        BACKFILLS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some((tenant, code)) = rows::next_backfill(self.db.read(), self.turn, self.clock.now()).await? else {
            return Ok(0);
        };
        self.turn = tenant;
        let work = || self.go_on(tenant, &code);
        Ok(self.queue.attempt(tenant, &code, work).await?.unwrap_or(1))
    }

    async fn rest(&mut self) {
        self.clock.sleep(LOOK_AGAIN).await;
    }
}

impl BackfillTags {
    /// Takes the next page, or ends; answers how much that was.
    async fn go_on(&self, tenant: Tenant, code: &str) -> Result<usize, Fault> {
        match self.page(tenant, code).await? {
            0 => self.end(tenant, code).await.map(|()| 1),
            members => Ok(members),
        }
    }

    /// Folds the tag of the next members; answers how many.
    async fn page(&self, tenant: Tenant, code: &str) -> Result<usize, Fault> {
        let tx = self.db.begin().await?;
        let revision = self.revisions.begin(&tx, tenant, Hold::Shared).await?;
        let Some(after) = rows::backfilled_to(&tx, tenant, code).await? else {
            return Ok(0);
        };
        let page = member::rows::page(&*tx, tenant, after, MEMBERS_MAX).await?;
        let Some(last) = page.last() else { return Ok(0) };
        let mut subjects = revision.known_subjects(&page).await?;
        for subject in subjects.values_mut() {
            subject.distrust(code.to_owned());
        }
        revision.settle(subjects, None, Vec::new()).await?;
        rows::backfill_to(&tx, tenant, code, *last).await?;
        tx.commit().await?;
        Ok(page.len())
    }

    /// Ends the backfill, unless a member has come in behind the last page.
    async fn end(&self, tenant: Tenant, code: &str) -> Result<(), Fault> {
        let tx = self.db.begin().await?;
        self.revisions.begin(&tx, tenant, Hold::Alone).await?;
        let Some(after) = rows::backfilled_to(&tx, tenant, code).await? else {
            return Ok(());
        };
        if member::rows::page(&*tx, tenant, after, 1).await?.is_empty() {
            rows::end_backfill(&tx, tenant, code).await?;
            catalogs::changed(&tx, tenant).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
