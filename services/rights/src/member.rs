pub(crate) mod absorptions;
pub(crate) mod facts;
pub(crate) mod rows;

use std::collections::BTreeMap;

use kernel::{Id, Kind, Tenant, Time};

/// The kind of a member's id.
#[derive(Debug)]
pub(crate) enum Member {}

impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// A member's id.
pub(crate) type MemberId = Id<Member>;

/// A member of a tenant: under which everything about a member is kept.
pub(crate) type MemberKey = (Tenant, MemberId);

/// Where a member stands, as it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The tier; none until the member was placed on a ladder.
    pub(crate) tier: Option<ReachedTier>,
    /// By asset: all that was earned, less what was taken back and what expired. Kept for every asset, so that a ladder
    /// may be set, or moved to another asset, at any time.
    pub(crate) growth: BTreeMap<String, i64>,
    /// The version of the ladder that the member was placed by last; 0 for none.
    pub(crate) ladder_version: i64,
}

/// A tier and since when the member has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReachedTier {
    /// The tier's code.
    pub(crate) code: String,
    /// When it was reached.
    pub(crate) time: Time,
}

impl Standing {
    /// The tier's code.
    pub(crate) fn tier_code(&self) -> Option<&str> {
        self.tier.as_ref().map(|tier| tier.code.as_str())
    }

    /// The growth value in an asset: never negative, whatever the order in which the facts arrived.
    pub(crate) fn growth_value(&self, asset_code: &str) -> i64 {
        self.growth.get(asset_code).map_or(0, |growth| (*growth).max(0))
    }
}
