use kernel::RequestKey;
use uuid::Uuid;

use crate::domain::{Act, AdjustmentId, AssetCode, CostCentre, Effects, EntryId, HoldId, MemberId};

/// What is to be posted, in the words of whoever asks.
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
    /// That which this adjustment is of.
    Adjustment(AdjustmentId),
}

impl Subject {
    /// What keeps postings in order that name the same.
    pub(super) fn named(&self) -> Uuid {
        match self {
            Self::Asset(member, _) | Self::Entry(member, _) => member.uuid(),
            Self::Hold(hold) => hold.uuid(),
            Self::Adjustment(adjustment) => adjustment.uuid(),
        }
    }
}
