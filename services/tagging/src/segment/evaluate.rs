use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant};
use runtime::{Queue, Worker};
use store::Db;

use super::rows;
use crate::member;
use crate::member::revision::{MEMBERS_MAX, Revisions};
use crate::store::LOOK_AGAIN;
use crate::tag::catalogs::Hold;

/// The queue of segments that are evaluated, by their codes.
pub(crate) const EVALUATIONS: &str = "tagging.evaluate_segments";

/// Evaluates members by new conditions, a page at a time, and only by these.
///
/// Members whom a change reaches meanwhile are evaluated by the new condition then: there is no other any more.
pub(crate) struct EvaluateSegments {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
    pub(crate) queue: Queue,
    /// Whose segment was worked on last: the next one is another brand's.
    pub(crate) turn: Tenant,
}

#[async_trait]
impl Worker for EvaluateSegments {
    fn name(&self) -> &'static str {
        EVALUATIONS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some((tenant, code)) = rows::next_evaluation(self.db.read(), self.turn, self.clock.now()).await? else {
            return Ok(0);
        };
        self.turn = tenant;
        let work = || self.page(tenant, &code);
        Ok(self.queue.attempt(tenant, &code, work).await?.unwrap_or(1))
    }

    async fn rest(&mut self) {
        self.clock.sleep(LOOK_AGAIN).await;
    }
}

impl EvaluateSegments {
    /// Evaluates the next members, or ends where there are none; a member who comes in later is evaluated then.
    async fn page(&self, tenant: Tenant, code: &str) -> Result<usize, Fault> {
        let tx = self.db.begin().await?;
        let revision = self.revisions.begin(&tx, tenant, Hold::Shared).await?;
        let Some(after) = rows::evaluated_to(&tx, tenant, code).await? else {
            return Ok(0);
        };
        let page = member::rows::page(&*tx, tenant, after, MEMBERS_MAX).await?;
        match page.last() {
            None => rows::end_evaluation(&tx, tenant, code).await?,
            Some(last) => {
                let subjects = revision.known_subjects(&page).await?;
                revision.settle(subjects, Some(code), Vec::new()).await?;
                let evaluated = i64::try_from(page.len()).map_err(Fault::internal)?;
                rows::evaluate_to(&tx, tenant, code, *last, evaluated).await?;
            }
        }
        tx.commit().await?;
        Ok(page.len().max(1))
    }
}
