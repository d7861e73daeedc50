use kernel::RequestKey;

use crate::domain::{Act, AssetCode, CostCentre, Effects, EntryId, MemberId};

/// What is to be posted, in the words of whoever asks.
pub(crate) struct Ask {
    /// What makes it the same request when it is repeated.
    pub(crate) key: RequestKey,
    /// The member, by whatever id it was ever known.
    pub(crate) member: MemberId,
    /// Which of the member's accounts.
    pub(crate) subject: Subject,
    pub(crate) act: Act,
    /// What the caller said it is for.
    pub(crate) reference: String,
    /// Who bears its cost.
    pub(crate) cost_centre: Option<CostCentre>,
    /// Makes the answer, which is remembered, from what was done.
    pub(crate) answer: fn(&Effects) -> Vec<u8>,
}

/// Which of a member's accounts is meant.
pub(crate) enum Subject {
    /// That of an asset.
    Asset(AssetCode),
    /// That which this entry is of. An entry of somebody else is as good as none.
    Entry(EntryId),
}
