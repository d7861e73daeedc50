use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant};
use runtime::{Queue, Worker};
use store::Db;

use super::play;
use super::roster::{Change, Event};
use crate::member;
use crate::member::MemberKey;

/// The queue of members who were placed by an older ladder, by their ids.
pub(crate) const PLACEMENTS: &str = "rights.place_members";

/// How long the worker rests when every member is placed. Nobody waits for it: a reader places the member by the present
/// ladder.
const REST: Duration = Duration::from_secs(1);
/// How many members are placed in one transaction at the most.
const MEMBERS_MAX: i64 = 500;

/// Places the members anew whose tier an older ladder decided. Their rows say so, so the worker goes on where it was
/// interrupted. Brands take turns, a page at a time.
pub(crate) struct PlaceMembers {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) queue: Queue,
    /// The brand whose members were placed last: the next ones are another brand's.
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
        let changes = members.into_iter().map(Change::LadderChanged);
        let tx = self.db.begin().await?;
        play::play(&tx, &self.clock, changes.map(|change| Event { change, time }).collect()).await?;
        tx.commit().await
    }
}
