use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant};
use runtime::{Queue, Worker};
use store::Db;

use super::play;
use super::roster::{Happening, What};
use crate::member;
use crate::member::MemberKey;
use crate::workers::{PLACEMENTS, REST};

/// How many members are placed in one transaction at the most.
const MEMBERS_MAX: i64 = 500;

/// Places the members anew whose tier was decided by an older ladder. What is left to do stands in the members' rows, so
/// it goes on where it was interrupted. Brands take turns, a page at a time.
pub(crate) struct PlaceMembers {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) queue: Queue,
    /// Whose members were placed last: the next ones are another brand's.
    pub(crate) turn: Tenant,
}

#[async_trait]
impl Worker for PlaceMembers {
    fn name(&self) -> &'static str {
        PLACEMENTS
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let members = member::rows::placed_by_older_ladder(&self.db, self.turn, self.clock.now(), MEMBERS_MAX).await?;
        if let Some((tenant, _)) = members.first() {
            self.turn = *tenant;
        }
        let name = |(tenant, member): &MemberKey| (*tenant, member.uuid().simple().to_string());
        self.queue
            .attempt_all(members, name, |members| self.place(members))
            .await
    }

    async fn rest(&mut self) {
        self.clock.sleep(REST).await;
    }
}

impl PlaceMembers {
    async fn place(&self, members: Vec<MemberKey>) -> Result<(), Fault> {
        let time = self.clock.now();
        let what = members.into_iter().map(What::LadderChanged);
        let tx = self.db.begin().await?;
        play::play(&tx, &self.clock, what.map(|what| Happening { what, time }).collect()).await?;
        tx.commit().await
    }
}
