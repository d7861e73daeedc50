//! The members that callers name: by their ids, which are followed to survivors, and by ids in channels, which identity
//! looks up.
//!
//! Identity is asked before a transaction, never within one.

use fault::Fault;
use kernel::Tenant;
use rpc::Peers;
use runtime::Batcher;
use store::Db;

use super::MemberId;
use super::finding::{Finding, Meant, Named};
use crate::activity::wire::Who;

/// Finds members.
#[derive(Clone)]
pub(crate) struct People {
    db: Db,
    finding: Batcher<Finding>,
}

impl People {
    pub(crate) fn new(db: Db, peers: Peers) -> Self {
        Self {
            finding: Finding::start(db.clone(), peers),
            db,
        }
    }

    /// Who is meant, of each in its place. Those who name many wait for room rather than being turned away.
    pub(crate) async fn find(&self, tenant: Tenant, who: Vec<Who>) -> Result<Vec<Meant>, Fault> {
        match who.len() {
            0 => Ok(Vec::new()),
            1 => self.finding.ask(Named { tenant, who }).await,
            _ => self.finding.ask_when_room(Named { tenant, who }).await,
        }
    }

    /// One member by id, where it exists.
    pub(crate) async fn find_one(&self, tenant: Tenant, member: MemberId) -> Result<Option<MemberId>, Fault> {
        let found = self.find(tenant, vec![Who::Member(member)]).await?;
        Ok(found.into_iter().find_map(Meant::member))
    }

    /// Where an id leads here, whether or not there is such a member.
    pub(crate) async fn survivor(&self, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
        lineage::follow(self.db.read(), tenant, member).await
    }
}
