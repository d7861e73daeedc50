use kernel::Id;

use super::identity::{Evidence, Identity, IdentityId};
use super::key::Key;
use super::member::{CLAIMS_MAX, IDENTITIES_MAX};
use super::member::{Member, MemberId};
use super::{Graph, Moment};

/// Why an identity may not be linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0} can stand for nobody: send the member's own")]
    Blocked(Key),
    #[error("the identity belongs to {0}: merge the two if they are one person, or unlink it there first")]
    InUse(MemberId),
    #[error("the member has another verified identity of this kind, {0}: unlink that one first")]
    Occupied(IdentityId),
    #[error("the member has {0} such identities already: unlink some first")]
    LimitReached(usize),
}

/// Why an identity may not be unlinked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnlinkError {
    #[error("the member has no such identity")]
    NotFound,
    #[error(
        "it is the member's last verified identity, without which nobody could find the member: link another first"
    )]
    Last,
}

impl Graph {
    /// Links an identity to a member on purpose. Never takes it from another, and never merges.
    pub(crate) fn link(
        &mut self,
        member: &Member,
        evidence: &Evidence,
        moment: &Moment<'_>,
    ) -> Result<Identity, LinkError> {
        if evidence.blocked {
            return Err(LinkError::Blocked(evidence.key.clone()));
        }
        let edge = member.edge(&evidence.key);
        if let Some(present) = edge.filter(|edge| edge.verified || !evidence.leads()) {
            return Ok(present.clone());
        }
        if evidence.leads() {
            self.check_verified_link(member, &evidence.key)?;
        } else if member.claims().count() >= CLAIMS_MAX {
            return Err(LinkError::LimitReached(CLAIMS_MAX));
        }
        // Past this line nothing may refuse the link. A claim that is proved now keeps its id.
        let id = edge.map_or_else(|| Id::from_uuid((moment.new_uuid)()), |claim| claim.id);
        let identity = evidence.identity(id, evidence.leads(), moment.now);
        self.change(member.id, moment, |member| member.attach(identity.clone()));
        Ok(identity)
    }

    fn check_verified_link(&self, member: &Member, key: &Key) -> Result<(), LinkError> {
        if let Some(holder) = self.holder(key) {
            return Err(LinkError::InUse(holder.id));
        }
        if let Some(occupant) = member.occupant(key.slot()) {
            return Err(LinkError::Occupied(occupant.id));
        }
        if member.verified().count() >= IDENTITIES_MAX {
            return Err(LinkError::LimitReached(IDENTITIES_MAX));
        }
        Ok(())
    }

    /// Takes an identity from a member on purpose.
    pub(crate) fn unlink(&mut self, member: &Member, id: IdentityId, moment: &Moment<'_>) -> Result<(), UnlinkError> {
        let identity = member.identity(id).ok_or(UnlinkError::NotFound)?;
        if identity.verified && member.verified().count() == 1 {
            return Err(UnlinkError::Last);
        }
        self.change(member.id, moment, |member| {
            member.identities.retain(|identity| identity.id != id);
        });
        Ok(())
    }
}
