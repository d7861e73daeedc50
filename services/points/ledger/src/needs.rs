//! What an act has to find loaded: said once, act by act. Which accounts are locked, what is read and how far follow from it.

use std::collections::BTreeSet;

use super::{Act, AdjustmentId, Asset, Earns, EntryId, EntryKind, Extent, HoldId, LotId, MemberId, State};

/// What an act has to find loaded beside the account that it is done to.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    /// The other member of an act that is about two, whose account is locked as well.
    pub receiver: Option<MemberId>,
    /// Which of the accounts must not have gone over to another member.
    pub open: Open,
    /// Whether an account that has no row yet gets one.
    pub begins: Begins,
    /// The adjustment that it decides.
    pub adjustment: Option<AdjustmentId>,
    /// The entry that it reverses, with its lots.
    pub reversed: Option<EntryId>,
    /// The pending earns that it is about, with their lots.
    pub earns: Option<&'a Earns>,
    /// The hold that it ends, with its lots.
    pub hold: Option<HoldId>,
    /// The lots that it names.
    pub lots: NamedLots<'a>,
    /// How much of the account's open lots it may take.
    pub takes: Takes,
    /// Whether the account's open holds and its debt may go over to the receiver.
    pub hands_over: bool,
}

/// Which accounts must be their members' own. One that has gone over to another member is not posted to: the posting follows
/// the redirect anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Neither.
    Neither,
    /// The account that the act is done to.
    Account,
    /// The receiver's.
    Receiver,
    /// Both.
    Both,
}

/// Whether an act begins an account. Nothing but these can be done to one that never had an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It does where a correction by this amount adds, and is posted at once.
    ByCorrection(i64),
}

/// Lots that an act names.
#[derive(Clone, Copy, Debug)]
pub enum NamedLots<'a> {
    /// It names none.
    None,
    /// Those of a list.
    List(&'a [LotId]),
    /// Those of a set.
    Set(&'a BTreeSet<LotId>),
}

/// How much of an account's open lots an act may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or what it names.
    Nothing,
    /// An amount; one that is not positive takes nothing.
    Amount(i64),
    /// So much of an entry, where that is an earn.
    Entry(EntryId, Extent),
    /// What an adjustment takes away.
    Adjustment(AdjustmentId),
    /// All that is in the account: what is pending and held as well.
    All,
}

/// What an act needs that only changes its own account.
const ALONE: Needs<'static> = Needs {
    receiver: None,
    open: Open::Account,
    begins: Begins::No,
    adjustment: None,
    reversed: None,
    earns: None,
    hold: None,
    lots: NamedLots::None,
    takes: Takes::Nothing,
    hands_over: false,
};

impl Act {
    /// What it has to find loaded. This is the one place where each act says so.
    pub fn needs(&self) -> Needs<'_> {
        match self {
            Self::Earn { .. } => Needs {
                begins: Begins::Yes,
                ..ALONE
            },
            Self::Confirm { earns, .. } | Self::Cancel { earns } => Needs {
                earns: Some(earns),
                ..ALONE
            },
            Self::Redeem { amount }
            | Self::RedeemPool { amount, .. }
            | Self::HoldPool { amount, .. }
            | Self::Hold { amount, .. } => Needs {
                takes: Takes::Amount(*amount),
                ..ALONE
            },
            Self::Reverse { entry, extent } => Needs {
                reversed: Some(*entry),
                takes: Takes::Entry(*entry, *extent),
                ..ALONE
            },
            Self::Capture { hold, .. } | Self::Release { hold, .. } => Needs {
                hold: Some(*hold),
                ..ALONE
            },
            Self::Transfer { to, amount } => Needs {
                receiver: Some(*to),
                open: Open::Both,
                takes: Takes::Amount(*amount),
                ..ALONE
            },
            Self::Adjust(correction) => Needs {
                begins: Begins::ByCorrection(correction.amount),
                takes: Takes::Amount(correction.amount.saturating_neg()),
                ..ALONE
            },
            Self::Approve { adjustment, .. } => Needs {
                begins: Begins::Yes,
                adjustment: Some(*adjustment),
                takes: Takes::Adjustment(*adjustment),
                ..ALONE
            },
            Self::Reject { adjustment, .. } => Needs {
                adjustment: Some(*adjustment),
                ..ALONE
            },
            Self::Expire { lots } => Needs {
                open: Open::Neither,
                lots: NamedLots::List(lots),
                ..ALONE
            },
            Self::Move { to } => Needs {
                receiver: Some(*to),
                open: Open::Receiver,
                begins: Begins::Yes,
                takes: Takes::All,
                hands_over: true,
                ..ALONE
            },
            Self::Return { to, lots, .. } => Needs {
                receiver: Some(*to),
                begins: Begins::Yes,
                lots: NamedLots::Set(lots),
                hands_over: true,
                ..ALONE
            },
        }
    }
}

impl Open {
    /// Whether it is so, given which of both accounts have gone over.
    pub fn holds(self, account_gone: bool, receiver_gone: bool) -> bool {
        match self {
            Self::Neither => true,
            Self::Account => !account_gone,
            Self::Receiver => !receiver_gone,
            Self::Both => !account_gone && !receiver_gone,
        }
    }
}

impl Begins {
    /// Whether it begins an account of this asset.
    pub fn of(self, asset: &Asset) -> bool {
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::ByCorrection(amount) => amount > 0 && asset.is_adjusted_alone(amount),
        }
    }
}

impl NamedLots<'_> {
    /// Their ids.
    pub fn ids(self) -> Vec<LotId> {
        match self {
            Self::None => Vec::new(),
            Self::List(lots) => lots.to_vec(),
            Self::Set(lots) => lots.iter().copied().collect(),
        }
    }
}

impl Takes {
    /// How much that is, where the entry or the adjustment is loaded.
    pub fn amount(self, state: &State) -> i64 {
        match self {
            Self::Nothing => 0,
            Self::Amount(amount) => amount,
            Self::Adjustment(adjustment) => state.adjustment(adjustment).amount.saturating_neg(),
            Self::Entry(entry, extent) => match state.reversible(entry) {
                Some(earn) if earn.kind == EntryKind::Earn => extent.amount(earn.left(), earn.reversed),
                Some(_) | None => 0,
            },
            Self::All => i64::MAX,
        }
    }
}
