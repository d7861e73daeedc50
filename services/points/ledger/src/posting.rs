use std::collections::BTreeSet;
use std::time::Duration;

use kernel::{Exact, Time};

use super::{
    AccountKey, AdjustmentId, Availability, ConfirmCause, Correction, CostCentre, EarnedBy, Earns, EntryId, HoldId,
    LotId, MemberId, ReleaseCause,
};

/// How much one posting grants or gives at the most, in minor units: ten thousand milliards of a currency of hundredths. The
/// contract says the same, and what rules earn is held to it.
///
/// It lies within what JavaScript and spreadsheets count exactly (2^53), and it keeps sums in range: of the largest
/// postings an account holds a thousand ([`BALANCE_MAX`](super::BALANCE_MAX)), and a sum over all members as the contract
/// carries it nine thousand.
pub const POSTING_MAX: i64 = 1_000_000_000_000_000;

/// Something to be done to one account.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The account.
    pub account: AccountKey,
    /// What is to be done to it.
    pub act: Act,
    /// What the caller said it is for.
    pub reference: String,
    /// The rule and the activity behind it.
    pub earned_by: Option<EarnedBy>,
    /// Who bears the cost of an earn, where a redeem or a hold is spent. A reversal has that of what it reverses, a capture
    /// that of its hold unless it names another.
    pub cost_centre: Option<CostCentre>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Act {
    /// Grant a new lot; without a time, the asset's policy decides when it expires.
    Earn {
        /// How much.
        amount: i64,
        /// When the lot expires.
        expire_time: Option<Time>,
        /// When it becomes available.
        availability: Availability,
    },
    /// Make pending earns available.
    Confirm {
        /// Which earns.
        earns: Earns,
        /// Who says so.
        cause: ConfirmCause,
    },
    /// Take pending earns back.
    Cancel {
        /// Which earns.
        earns: Earns,
    },
    /// Spend, all or nothing.
    Redeem {
        /// How much.
        amount: i64,
    },
    /// Spend from a pool for one of its members, all or nothing.
    RedeemPool {
        /// The member.
        by: MemberId,
        /// How much.
        amount: i64,
    },
    /// Set an amount of a pool aside for one of its members, all or nothing.
    HoldPool {
        /// The member.
        by: MemberId,
        /// How much.
        amount: i64,
        /// For how long.
        ttl: Duration,
    },
    /// Take an entry back, or a part of it.
    Reverse {
        /// Which entry.
        entry: EntryId,
        /// How much of it.
        extent: Extent,
    },
    /// Set an amount aside for a while, all or nothing.
    Hold {
        /// How much.
        amount: i64,
        /// For how long.
        ttl: Duration,
    },
    /// Spend a hold; without an amount, all of it.
    Capture {
        /// Which hold.
        hold: HoldId,
        /// How much of it; the rest is given back.
        amount: Option<i64>,
    },
    /// Give a hold back.
    Release {
        /// Which hold.
        hold: HoldId,
        /// Who says so.
        cause: ReleaseCause,
    },
    /// Give an amount to another member, all or nothing.
    Transfer {
        /// The other member.
        to: MemberId,
        /// How much.
        amount: i64,
    },
    /// Make an adjustment: correct a balance by an amount with its sign, all or nothing, or leave that waiting for a second
    /// principal.
    Adjust(Correction),
    /// Do what an adjustment that waits is about.
    Approve {
        /// Which adjustment.
        adjustment: AdjustmentId,
        /// The second principal.
        decider: String,
    },
    /// End an adjustment that waits.
    Reject {
        /// Which adjustment.
        adjustment: AdjustmentId,
        /// The second principal.
        decider: String,
    },
    /// Expire those of these lots whose time has come.
    Expire {
        /// Which lots.
        lots: Vec<LotId>,
    },
    /// Hand everything over to the member who survived a merge, and close the account.
    Move {
        /// The survivor.
        to: MemberId,
    },
    /// Give back to a member who is itself again, after the undo of a merge, what is still there of these lots, the open
    /// holds that were made by these members, and what is still owed of what came with it.
    Return {
        /// The member who is itself again.
        to: MemberId,
        /// Whose holds go with it: its own, and those of the members that it had absorbed.
        members: BTreeSet<MemberId>,
        /// Which lots.
        lots: BTreeSet<LotId>,
    },
}

/// How much of an entry is to be reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that is left of it.
    Rest,
    /// So much more.
    Amount(i64),
    /// So much together with what has been reversed before.
    Total(i64),
}

impl Extent {
    /// How much that is of an entry of which `left` is left and `reversed` has been reversed.
    pub fn amount(self, left: i64, reversed: i64) -> i64 {
        match self {
            Self::Rest => left,
            Self::Amount(amount) => amount,
            Self::Total(total) => total.exact_sub(reversed).max(0),
        }
    }
}

impl Posting {
    /// One with neither reference, rule nor cost centre.
    pub fn new(account: AccountKey, act: Act) -> Self {
        Self {
            account,
            act,
            reference: String::new(),
            earned_by: None,
            cost_centre: None,
        }
    }
}
