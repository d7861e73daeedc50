use fault::Fault;
use kernel::{Clock, Id, IdError, Kind, RequestKey, Tenant};
use prost::Message;
use runtime::Batcher;
use store::Db;

use crate::graph::Moment;
use crate::graph::finding::Finding;
use crate::graph::holding::Holding;
use crate::graph::looking_up::LookingUp;
use crate::graph::member::{Member, MemberId};
use crate::graph::resolving::Resolving;
use crate::profile::getting::{Getting, Ids};

/// The methods of this service, each in the file of its name in the room of its noun, with what they need.
#[derive(Clone)]
pub(crate) struct IdentityApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    /// For how many days a merge can be undone.
    pub(crate) undo_days: u32,
    pub(crate) finding: Batcher<Finding>,
    pub(crate) resolving: Batcher<Resolving>,
    pub(crate) looking_up: Batcher<LookingUp>,
    pub(crate) holding: Batcher<Holding>,
    pub(crate) getting: Batcher<Getting>,
}

impl IdentityApi {
    pub(crate) fn new(clock: Clock, db: Db, undo_days: u32) -> Self {
        Self {
            finding: Finding::start(clock.clone(), db.clone()),
            resolving: Resolving::start(clock.clone(), db.clone()),
            looking_up: LookingUp::start(db.clone()),
            holding: Holding::start(db.clone()),
            getting: Getting::start(db.clone()),
            clock,
            db,
            undo_days,
        }
    }

    /// Decides at the present moment.
    pub(crate) fn decide<R>(&self, decide: impl FnOnce(&Moment<'_>) -> R) -> R {
        let new_uuid = || self.clock.uuid();
        decide(&Moment {
            now: self.clock.now(),
            new_uuid: &new_uuid,
        })
    }

    /// The answer of a request without an effect, which is not kept: repeated, it leads to the same members. If a copy of
    /// the request had the effect that this one has found, the copy's answer counts.
    pub(crate) async fn unless_answered<A: Message + Default>(&self, key: &RequestKey, answer: A) -> Result<A, Fault> {
        Ok(self.db.answered(key).await?.unwrap_or(answer))
    }

    /// The member of an id, or the survivor of the one it was, outside of a transaction.
    pub(crate) async fn member(&self, tenant: Tenant, id: MemberId) -> Result<Member, Fault> {
        let ids = vec![id];
        let member = self.getting.ask(Ids { tenant, ids }).await?.pop().flatten();
        member.ok_or_else(|| Fault::not_found("member", id))
    }
}

/// The id in the field `path` of a request.
pub(crate) fn parse_id<K: Kind>(path: &str, text: &str) -> Result<Id<K>, Fault> {
    text.parse()
        .map_err(|error: IdError| Fault::invalid(path, error.to_string()))
}
