pub(super) mod rows;

use kernel::{Id, Time};

use super::identity::{Identity, IdentityId};
use super::key::Kind;
use super::member::{CLAIMS_MAX, IDENTITIES_MAX};
use super::member::{Member, MemberId};
use super::{Event, Graph, Moment};
use crate::channel::Channels;
use crate::profile::Learned;

/// The kind of a merge's id.
pub(crate) enum MergeNoun {}

impl kernel::Kind for MergeNoun {
    const PREFIX: &'static str = "mrg";
    const NOUN: &'static str = "merge";
}

pub(crate) type MergeId = Id<MergeNoun>;

/// Two members became one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) id: MergeId,
    /// The survivor, after the merge.
    pub(crate) survivor: Member,
    /// The absorbed member, whose id leads to the survivor from now on.
    pub(crate) absorbed: MemberId,
    pub(crate) brought: Brought,
    /// The comment of the operator who merged by hand; none where evidence did it.
    pub(crate) comment: Option<String>,
    pub(crate) time: Time,
}

/// The record of a merge's effect on the survivor, from which it is undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// The identities that went over.
    pub(crate) moved: Vec<IdentityId>,
    /// Claims of the absorbed member that the survivor had no use for.
    pub(crate) left_behind: Vec<Identity>,
    /// Claims of the survivor that a verified identity replaced.
    pub(crate) replaced: Vec<Identity>,
    /// The profile values that the survivor learned.
    pub(crate) learned: Vec<Learned>,
    /// Since when the survivor had been a member; none where that did not change.
    pub(crate) register_time: Option<Time>,
}

/// Why two members may not be merged by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MergeError {
    #[error("both ids lead to one member: there is nothing to merge")]
    AlreadyOne,
    #[error("each of the two members has a verified {} of its own: they are two persons", .kind.words())]
    Distinct { kind: Kind, scope: String },
    #[error("a merge of the two was undone: they are two persons")]
    Apart,
    #[error("together the two members have more than {IDENTITIES_MAX} identities: unlink some first")]
    LimitReached,
}

impl Graph {
    /// Merges two members by hand. With `accept_conflicts` an operator asserts that they are one person.
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
        if self.are_apart(one.id, other.id) && !accept_conflicts {
            return Err(MergeError::Apart);
        }
        if one.verified().count().saturating_add(other.verified().count()) > IDENTITIES_MAX {
            return Err(MergeError::LimitReached);
        }
        Ok(self.join(one.id, other.id, Some(comment.to_owned()), moment))
    }

    /// Makes two members one: the known survives the anonymous, then the older survives the younger.
    pub(crate) fn join(
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
        let brought = survivor.now.take_over(&mut absorbed.now, &self.channels);
        survivor.touch(moment.now);
        absorbed.touch(moment.now);
        absorbed.absorbed_by = Some(survivor.now.id);
        self.hold(&survivor.now);
        self.inherit_apart(absorbed.now.id, survivor.now.id);
        let merge = Merge {
            id: Id::from_uuid((moment.new_uuid)()),
            survivor: survivor.now.clone(),
            absorbed: absorbed.now.id,
            brought,
            comment,
            time: moment.now,
        };
        self.events.push(Event::Merged(merge.clone()));
        self.nodes.insert(survivor.now.id, survivor);
        self.nodes.insert(absorbed.now.id, absorbed);
        merge
    }
}

impl Member {
    /// Takes over the identities of an absorbed member, and learns from its profile.
    fn take_over(&mut self, absorbed: &mut Self, channels: &Channels) -> Brought {
        let mut brought = Brought::default();
        for identity in std::mem::take(&mut absorbed.identities) {
            let edge = self.edge(&identity.key).cloned();
            if self.inherit(&identity) {
                brought.moved.push(identity.id);
                brought.replaced.extend(edge);
            } else {
                brought.left_behind.push(identity);
            }
        }
        brought.learned = self.profile.learn(&absorbed.profile, channels);
        if absorbed.register_time < self.register_time {
            brought.register_time = Some(self.register_time);
            self.register_time = absorbed.register_time;
        }
        brought
    }

    /// Takes over an edge of an absorbed member: all verified ones, and claims that say something new while there is room.
    /// Says whether it did.
    fn inherit(&mut self, identity: &Identity) -> bool {
        let inherits = identity.verified || (self.edge(&identity.key).is_none() && self.claims().count() < CLAIMS_MAX);
        if inherits {
            self.attach(identity.clone());
        }
        inherits
    }
}
