use async_trait::async_trait;
use fault::Fault;
use kernel::{Tenant, Time};
use store::Db;

use super::catalogs;
use super::catalogs::Hold;
use super::rows;
use crate::catch_up::CatchUp;
use crate::member;
use crate::member::revision::{MEMBERS_MAX, Revisions};

/// The queue of tags that are backfilled, by their codes.
pub(crate) const BACKFILLS: &str = "tagging.backfill_tags";

/// Counts the activities of the past into new computed tags, a page of members at a time.
///
/// Members whom an activity reaches meanwhile are folded then (see `Subject::did`), and once more here: folding twice
/// ends in the same standing, so nothing but the page has to be remembered.
pub(crate) struct BackfillTags {
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
}

#[async_trait]
impl CatchUp for BackfillTags {
    fn queue(&self) -> &'static str {
        BACKFILLS
    }

    async fn next(&self, turn: Tenant, now: Time) -> Result<Option<(Tenant, String)>, Fault> {
        rows::next_backfill(self.db.read(), turn, now).await
    }

    async fn go_on(&self, tenant: Tenant, code: &str) -> Result<usize, Fault> {
        match self.page(tenant, code).await? {
            0 => self.end(tenant, code).await.map(|()| 1),
            members => Ok(members),
        }
    }
}

impl BackfillTags {
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
