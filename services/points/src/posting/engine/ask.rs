use kernel::RequestKey;
use ledger::{Act, AdjustmentId, AssetCode, CostCentre, Effects, EntryId, HoldId, MemberId, PoolId};
use uuid::Uuid;

/// A posting, in the words of its caller.
pub(crate) struct Ask {
    /// What makes it the same request when it is repeated.
    pub(crate) key: RequestKey,
    /// Which account.
    pub(crate) subject: Subject,
    pub(crate) act: Act,
    /// What the caller said it is for.
    pub(crate) reference: String,
    /// Who bears its cost.
    pub(crate) cost_centre: Option<CostCentre>,
    /// Makes the answer, which is remembered, from what was done.
    pub(crate) answer: fn(&Effects) -> Vec<u8>,
}

/// Which account is meant. Its member is named by whatever id it was ever known by.
pub(crate) enum Subject {
    /// A member's, of an asset.
    Asset(MemberId, AssetCode),
    /// That which this entry is of, which is the member's: an entry of somebody else is as good as none.
    Entry(MemberId, EntryId),
    /// That which this hold is of.
    Hold(HoldId),
    /// The member's, of the asset of the pool that it gives to, which it must have joined.
    PoolGiver(MemberId, PoolId),
    /// The pool's, for a member who must be allowed to spend from it.
    PoolSpender(PoolId, MemberId),
    /// The pool's, or that of the member who got what was left of it, for an entry that is the pool's.
    PoolEntry(PoolId, EntryId),
    /// That which this adjustment is of.
    Adjustment(AdjustmentId),
}

impl Subject {
    /// The pool that it names.
    pub(crate) fn pool(&self) -> Option<PoolId> {
        match self {
            Self::PoolGiver(_, pool) | Self::PoolSpender(pool, _) | Self::PoolEntry(pool, _) => Some(*pool),
            Self::Asset(..) | Self::Entry(..) | Self::Hold(_) | Self::Adjustment(_) => None,
        }
    }

    /// What keeps postings in order that name the same.
    pub(crate) fn named(&self) -> Uuid {
        match self {
            Self::Asset(member, _) | Self::Entry(member, _) | Self::PoolGiver(member, _) => member.uuid(),
            Self::PoolSpender(pool, _) | Self::PoolEntry(pool, _) => pool.uuid(),
            Self::Hold(hold) => hold.uuid(),
            Self::Adjustment(adjustment) => adjustment.uuid(),
        }
    }
}
