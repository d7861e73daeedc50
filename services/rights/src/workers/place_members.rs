use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::Worker;
use store::Db;

use super::REST;
use crate::domain::roster::{Happening, What};
use crate::store::members;
use crate::tiers;

/// How many members are placed in one transaction at the most.
const MEMBERS_MAX: i64 = 500;

/// Places the members anew whose tier was decided by an older ladder. What is left to do stands in the members' rows, so
/// it goes on where it was interrupted.
pub(crate) struct PlaceMembers {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
}

#[async_trait]
impl Worker for PlaceMembers {
    fn name(&self) -> &'static str {
        "rights.place_members"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let members = members::placed_by_older_ladder(&self.db, MEMBERS_MAX).await?;
        if members.is_empty() {
            return Ok(0);
        }
        let (time, done) = (self.clock.now(), members.len());
        let what = members.into_iter().map(What::LadderChanged);
        let tx = self.db.begin().await?;
        match tiers::play(&tx, &self.clock, what.map(|what| Happening { what, time }).collect()).await {
            Ok(()) => tx.commit().await?,
            // Somebody was merged meanwhile; the next tick finds who is left.
            Err(Fault::Contended) => {}
            Err(fault) => return Err(fault),
        }
        Ok(done)
    }

    async fn rest(&mut self) {
        self.clock.sleep(REST).await;
    }
}
