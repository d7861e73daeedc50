use std::time::Duration;

use kernel::Time;

use super::{
    AccountKey, AdjustmentId, Availability, ConfirmCause, CostCentre, EarnedBy, EntryId, HoldId, LotId, MemberId,
    ReleaseCause,
};

/// Something to be done to one account.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub(crate) account: AccountKey,
    pub(crate) act: Act,
    /// What the caller said it is for.
    pub(crate) reference: String,
    /// The rule and the activity behind it.
    pub(crate) earned_by: Option<EarnedBy>,
    /// Who bears the cost of an earn, where a redeem is spent. A reversal has that of what it reverses.
    pub(crate) cost_centre: Option<CostCentre>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Grant a new lot; without a time, the asset's policy decides when it expires.
    Earn {
        amount: i64,
        expire_time: Option<Time>,
        availability: Availability,
    },
    /// Make a pending earn available.
    Confirm { entry: EntryId, cause: ConfirmCause },
    /// Take a pending earn back.
    Cancel { entry: EntryId },
    /// Spend, all or nothing.
    Redeem { amount: i64 },
    /// Take an entry back, or a part of it.
    Reverse { entry: EntryId, extent: Extent },
    /// Set an amount aside for a while, all or nothing.
    Hold { amount: i64, ttl: Duration },
    /// Spend a hold; without an amount, all of it.
    Capture { hold: HoldId, amount: Option<i64> },
    /// Give a hold back.
    Release { hold: HoldId, cause: ReleaseCause },
    /// Give an amount to another member, all or nothing.
    Transfer { to: MemberId, amount: i64 },
    /// Correct a balance by an amount with its sign, all or nothing.
    Adjust { adjustment: AdjustmentId, amount: i64 },
    /// Expire those of these lots whose time has come.
    Expire { lots: Vec<LotId> },
    /// Hand everything over to the member who survived a merge, and close the account.
    Move { to: MemberId },
}

/// How much of an entry is to be reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All that is left of it.
    Rest,
    /// So much more.
    Amount(i64),
    /// So much together with what has been reversed before.
    Total(i64),
}

impl Extent {
    /// How much that is of an entry of which `left` is left and `reversed` has been reversed.
    pub(crate) fn amount(self, left: i64, reversed: i64) -> i64 {
        match self {
            Self::Rest => left,
            Self::Amount(amount) => amount,
            Self::Total(total) => total.saturating_sub(reversed).max(0),
        }
    }
}

impl Posting {
    pub(crate) fn new(account: AccountKey, act: Act) -> Self {
        Self {
            account,
            act,
            reference: String::new(),
            earned_by: None,
            cost_centre: None,
        }
    }
}
