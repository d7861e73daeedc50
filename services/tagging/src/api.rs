//! What the methods of tagging need. Each room implements its service of the contract beside its methods.

use fault::Fault;
use kernel::{Clock, Tenant};
use rpc::Peers;
use runtime::Batcher;
use store::Db;

use crate::activity::recording::Recorder;
use crate::member::MemberId;
use crate::member::people::People;
use crate::member::refusals;
use crate::member::revision::Revisions;
use crate::tag::assigning::Assigner;
use crate::tag::listing::Listing;

/// Answers the calls. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TaggingApi {
    pub(crate) assigner: Assigner,
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) listing: Batcher<Listing>,
    people: People,
    pub(crate) recorder: Recorder,
    pub(crate) revisions: Revisions,
}

impl TaggingApi {
    pub(crate) fn new(clock: Clock, db: Db, peers: Peers, revisions: Revisions) -> Self {
        let people = People::new(db.clone(), peers);
        let recorder = Recorder::new(clock.clone(), db.clone(), people.clone(), revisions.clone());
        let assigner = Assigner::new(clock.clone(), db.clone(), people.clone(), revisions.clone());
        Self {
            assigner,
            listing: Listing::start(clock.clone(), db.clone()),
            clock,
            db,
            people,
            recorder,
            revisions,
        }
    }

    /// The member whose id a caller names; refused where there is none.
    pub(crate) async fn member(&self, tenant: Tenant, member_id: &str) -> Result<MemberId, Fault> {
        let member = parse_member(member_id)?;
        self.people
            .find_one(tenant, member)
            .await?
            .ok_or_else(|| refusals::member_not_found(member))
    }

    /// Where the id that a caller names leads, for reading: of an unknown member nothing is known.
    pub(crate) async fn survivor(&self, tenant: Tenant, member_id: &str) -> Result<MemberId, Fault> {
        self.people.survivor(tenant, parse_member(member_id)?).await
    }
}

/// The id in the field `member_id` of a request.
pub(crate) fn parse_member(member_id: &str) -> Result<MemberId, Fault> {
    member_id
        .parse()
        .map_err(|error: kernel::IdError| Fault::invalid("member_id", error.to_string()))
}
