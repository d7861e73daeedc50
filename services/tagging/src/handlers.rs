//! The methods of tagging, one file each.

mod assign_tags;
mod batch_assign_tags;
mod check_segment_membership;
mod count_segment_members;
mod create_segment;
mod create_tag;
mod get_segment;
mod get_summary;
mod get_tag;
mod list_activities;
mod list_member_segments;
mod list_member_tags;
mod list_segment_members;
mod list_segments;
mod list_tags;
mod paging;
mod record_activities;
mod remove_tag;
mod services;
mod stream_activities;
mod update_segment;
mod update_tag;

use fault::Fault;
use kernel::{Clock, Tenant};
use rpc::Peers;
use store::Db;

use crate::assigning::Assigner;
use crate::domain::member::MemberId;
use crate::faults;
use crate::people::People;
use crate::recording::Recorder;
use crate::store::revision::Revisions;

/// Answers the calls. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TaggingApi {
    assigner: Assigner,
    clock: Clock,
    db: Db,
    people: People,
    recorder: Recorder,
    revisions: Revisions,
}

impl TaggingApi {
    pub(crate) fn new(clock: Clock, db: Db, peers: Peers, revisions: Revisions) -> Self {
        let people = People::new(db.clone(), peers);
        let recorder = Recorder::new(clock.clone(), people.clone(), revisions.clone());
        let assigner = Assigner::new(clock.clone(), db.clone(), people.clone(), revisions.clone());
        Self {
            assigner,
            clock,
            db,
            people,
            recorder,
            revisions,
        }
    }

    /// The member whose id a caller names; refused where there is none.
    async fn member(&self, tenant: Tenant, member_id: &str) -> Result<MemberId, Fault> {
        let member = parse_member(member_id)?;
        self.people
            .find_one(tenant, member)
            .await?
            .ok_or_else(|| faults::member_not_found(member))
    }

    /// Where the id that a caller names leads, for reading: of an unknown member nothing is known.
    async fn survivor(&self, tenant: Tenant, member_id: &str) -> Result<MemberId, Fault> {
        self.people.survivor(tenant, parse_member(member_id)?).await
    }
}

fn parse_member(member_id: &str) -> Result<MemberId, Fault> {
    member_id
        .parse()
        .map_err(|error: kernel::IdError| Fault::invalid("member_id", error.to_string()))
}
