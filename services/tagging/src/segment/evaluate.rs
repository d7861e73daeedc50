use async_trait::async_trait;
use fault::Fault;
use kernel::{Tenant, Time};
use store::Db;

use super::rows;
use crate::catch_up::CatchUp;
use crate::member;
use crate::member::revision::{MEMBERS_MAX, Revisions};
use crate::tag::catalogs::Hold;

/// The queue of segments that are evaluated, by their codes.
pub(crate) const EVALUATIONS: &str = "tagging.evaluate_segments";

/// Evaluates members by new conditions, a page at a time, and only by these.
///
/// Members whom a change reaches meanwhile are evaluated by the new condition then: there is no other any more.
pub(crate) struct EvaluateSegments {
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
}

#[async_trait]
impl CatchUp for EvaluateSegments {
    fn queue(&self) -> &'static str {
        EVALUATIONS
    }

    async fn next(&self, turn: Tenant, now: Time) -> Result<Option<(Tenant, String)>, Fault> {
        rows::next_evaluation(self.db.read(), turn, now).await
    }

    /// Ends where there are no more members: one who comes in later is evaluated then.
    async fn go_on(&self, tenant: Tenant, code: &str) -> Result<usize, Fault> {
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
