use kernel::{Id, Time};

use super::identity::{Identity, IdentityId};
use super::key::Slot;
use super::key::{Key, Kind};
use crate::profile::Profile;

/// The kind of a member's id.
pub(crate) enum MemberNoun {}

impl kernel::Kind for MemberNoun {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

pub(crate) type MemberId = Id<MemberNoun>;

/// The most verified identities of a member. More of them are no person, but a leak of test or shared ids.
pub(crate) const IDENTITIES_MAX: usize = 64;
/// The most claims of a member.
pub(crate) const CLAIMS_MAX: usize = 64;

/// A person as the brand knows him or her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) register_time: Time,
    /// The channel through which the member came; none where an import named none.
    pub(crate) register_channel: Option<String>,
    pub(crate) profile: Profile,
    /// Verified ones and claims, in the order in which they were linked.
    pub(crate) identities: Vec<Identity>,
    pub(crate) update_time: Time,
    /// 1 when new, and one more with every change.
    pub(crate) version: i64,
}

impl Member {
    pub(crate) fn verified(&self) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(|identity| identity.verified)
    }

    pub(crate) fn claims(&self) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(|identity| !identity.verified)
    }

    pub(crate) fn identity(&self, id: IdentityId) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.id == id)
    }

    /// The edge to a key, verified or claimed.
    pub(crate) fn edge(&self, key: &Key) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.key == *key)
    }

    /// A verified identity of the same kind and scope.
    pub(crate) fn occupant(&self, slot: Slot<'_>) -> Option<&Identity> {
        self.verified().find(|identity| identity.key.slot() == slot)
    }

    /// The first slot in which the two have different ids, which makes them two persons.
    pub(crate) fn distinct_from<'m>(&'m self, other: &Self) -> Option<Slot<'m>> {
        self.verified()
            .map(|identity| identity.key.slot())
            .find(|&slot| other.occupant(slot).is_some())
    }

    /// Known by more than ids of channels: by something that names a person.
    fn is_known(&self) -> bool {
        self.verified().any(|identity| identity.key.kind != Kind::ExternalId)
    }

    /// The order of survival in a merge, the survivor first: the known before the anonymous, then the older.
    pub(crate) fn seniority(&self) -> (bool, Time, MemberId) {
        (!self.is_known(), self.register_time, self.id)
    }

    /// The channels that the member is linked to, by their codes, sorted.
    pub(crate) fn channel_codes(&self) -> Vec<&str> {
        let external = self.verified().filter(|identity| identity.key.kind == Kind::ExternalId);
        let mut codes: Vec<&str> = external.map(|identity| &*identity.key.scope).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}
