//! Members by their ids: those who are asked for while others are read share the next statements.

use fault::Fault;
use kernel::Tenant;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use crate::graph;
use crate::graph::member::{Member, MemberId};

/// How many members share their statements.
const MEMBERS_MAX: u32 = 500;

/// Reads many members by one set of statements.
pub(crate) struct Getting {
    db: Db,
}

/// Whom one caller asks for.
pub(crate) struct Ids {
    pub(crate) tenant: Tenant,
    pub(crate) ids: Vec<MemberId>,
}

impl Batch for Getting {
    const NOUN: &'static str = "members to read";
    const FULL: &'static str = "as many members wait to be read as can be read in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Ids;
    /// Of each id in its place the member, or its survivor; none where the tenant knows no such id.
    type Answer = Vec<Option<Member>>;
    type Key = ();

    fn key(_: &Ids) {}

    fn weight(ask: &Ids) -> u32 {
        u32::try_from(ask.ids.len()).unwrap_or(u32::MAX)
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let mut ids: Vec<(Tenant, MemberId)> = Vec::new();
        for Asked { ask, .. } in asked {
            ids.extend(ask.ids.iter().map(|id| (ask.tenant, *id)));
        }
        let mut members = graph::rows::members(self.db.read(), &ids).await?.into_iter();
        let outcome = |Asked { ask, .. }: &Asked<Self>| -> Result<Vec<Option<Member>>, Fault> {
            // All of them are taken out, so that the next caller gets its own.
            let own: Vec<Result<Option<Member>, Fault>> = members.by_ref().take(ask.ids.len()).collect();
            own.into_iter().collect()
        };
        Ok(asked.iter().map(outcome).collect())
    }
}

impl Getting {
    pub(crate) fn start(db: Db) -> Batcher<Self> {
        Batcher::start(Self { db }, Bounds::of_look_ups(MEMBERS_MAX))
    }
}
