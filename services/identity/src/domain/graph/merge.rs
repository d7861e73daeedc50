use kernel::Time;

use super::{Graph, Happening, Moment};
use crate::domain::member::{CLAIMS_MAX, IDENTITIES_MAX};
use crate::domain::{Identity, IdentityId, Kind, Member, MemberId};

/// Two members became one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merge {
    /// Who goes on, after the merge.
    pub(crate) survivor: Member,
    /// Whose id leads to the survivor from now on.
    pub(crate) absorbed: MemberId,
    /// The identities that went over.
    pub(crate) moved: Vec<IdentityId>,
    /// Why, in the words of who did it by hand; none where evidence did it.
    pub(crate) comment: Option<String>,
    pub(crate) time: Time,
}

/// Why two members may not be merged by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MergeError {
    #[error("both ids lead to one member: there is nothing to merge")]
    AlreadyOne,
    #[error("each of the two members has a verified {} of its own: they are two persons", .kind.code())]
    Distinct { kind: Kind, scope: String },
    #[error("together the two members have more than {IDENTITIES_MAX} identities: unlink some first")]
    LimitReached,
}

impl Graph {
    /// Merges two members by hand. `accept_conflicts` is the word of somebody who has made sure that they are one person.
    pub(crate) fn merge(
        &mut self,
        one: &Member,
        other: &Member,
        accept_conflicts: bool,
        comment: &str,
        moment: &Moment<'_>,
    ) -> Result<Merge, MergeError> {
        if one.id == other.id {
            return Err(MergeError::AlreadyOne);
        }
        if let Some((kind, scope)) = one.distinct_from(other).filter(|_| !accept_conflicts) {
            return Err(MergeError::Distinct {
                kind,
                scope: scope.to_owned(),
            });
        }
        if one.verified().count().saturating_add(other.verified().count()) > IDENTITIES_MAX {
            return Err(MergeError::LimitReached);
        }
        Ok(self.join(one.id, other.id, Some(comment.to_owned()), moment))
    }

    /// Makes two members one: the known survives the anonymous, then the older survives the younger.
    pub(super) fn join(
        &mut self,
        one: MemberId,
        other: MemberId,
        comment: Option<String>,
        moment: &Moment<'_>,
    ) -> Merge {
        let mut pair = [one, other].map(|id| self.nodes.remove(&id));
        pair.sort_by_key(|node| node.as_ref().map(|node| node.now.seniority()));
        let [Some(mut survivor), Some(mut absorbed)] = pair else {
            unreachable!("a merge joins two members who were read for it");
        };
        let moved: Vec<Identity> = std::mem::take(&mut absorbed.now.identities);
        for identity in &moved {
            survivor.now.inherit(identity);
        }
        survivor.now.profile.learn(&absorbed.now.profile, &self.channels);
        survivor.now.register_time = survivor.now.register_time.min(absorbed.now.register_time);
        survivor.touch(moment.now);
        absorbed.touch(moment.now);
        absorbed.absorbed_by = Some(survivor.now.id);
        self.hold(&survivor.now);
        let merge = Merge {
            survivor: survivor.now.clone(),
            absorbed: absorbed.now.id,
            moved: moved.iter().map(|identity| identity.id).collect(),
            comment,
            time: moment.now,
        };
        self.happenings.push(Happening::Merged(merge.clone()));
        self.nodes.insert(survivor.now.id, survivor);
        self.nodes.insert(absorbed.now.id, absorbed);
        merge
    }
}

impl Member {
    /// Takes over an edge of an absorbed member: all verified ones, and claims that say something new while there is room.
    fn inherit(&mut self, identity: &Identity) {
        if identity.verified || (self.edge(&identity.key).is_none() && self.claims().count() < CLAIMS_MAX) {
            self.attach(identity.clone());
        }
    }
}
