use kernel::Time;

use super::{
    AccountKey, ActivityId, Adjustment, AdjustmentId, Confirmed, CostCentre, EntryId, Hold, HoldId, LotId, MemberId,
};

/// One change of one balance. Entries are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) account: AccountKey,
    pub(crate) sequence: i64,
    pub(crate) kind: EntryKind,
    /// The change, with its sign.
    pub(crate) amount: i64,
    /// The balance after it.
    pub(crate) balance: i64,
    pub(crate) post_time: Time,
    pub(crate) lots: Vec<LotAmount>,
    /// When the lot expires that it granted; none where it granted none.
    pub(crate) lot_expire_time: Option<Time>,
    pub(crate) reference: String,
    pub(crate) reverses: Option<EntryId>,
    pub(crate) earned_by: Option<EarnedBy>,
    pub(crate) counterpart: Option<MemberId>,
    /// Who bears the cost of an earn or an adjustment, where a redeem was spent; of a reversal, that of what it reverses.
    pub(crate) cost_centre: Option<CostCentre>,
    /// The hold that it captured.
    pub(crate) hold: Option<HoldId>,
    /// The change of what is owed, with its sign.
    pub(crate) debt: i64,
    /// The member who spent from a pool.
    pub(crate) acting: Option<MemberId>,
    /// The adjustment that it posts.
    pub(crate) adjustment: Option<AdjustmentId>,
}

/// A lot's part in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LotAmount {
    pub(crate) lot: LotId,
    pub(crate) expire_time: Time,
    /// The change of the lot, with its sign.
    pub(crate) amount: i64,
    /// The lot had expired: what came back for it is in the new lot that the entry granted, not in the lot itself.
    pub(crate) regranted: bool,
}

/// What happened; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EntryKind {
    Earn,
    Redeem,
    RedeemReversal,
    EarnReversal,
    Expire,
    MoveOut,
    MoveIn,
    DebtRepayment,
    TransferOut,
    TransferIn,
    Adjustment,
}

/// The rule and the activity behind an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarnedBy {
    pub(crate) activity: ActivityId,
    pub(crate) rule_code: String,
    pub(crate) rule_version: i32,
    /// SHA-256 of what the rule was evaluated on.
    pub(crate) inputs_digest: Vec<u8>,
}

/// What a posting does to the ledger. What it does to accounts and lots is in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// The new entries, in their order. Empty where there was nothing to do.
    pub(crate) entries: Vec<Entry>,
    /// Which of them the posting asked for, if it asked for one; the others expire what was due.
    pub(crate) main: Option<usize>,
    /// The hold that was made or has ended, as it is now.
    pub(crate) hold: Option<Hold>,
    /// The adjustment that was made or decided, as it is now.
    pub(crate) adjustment: Option<Adjustment>,
    /// The pending earns that have become available.
    pub(crate) confirmed: Vec<Confirmed>,
    /// Whether what was earned is pending.
    pub(crate) pending: bool,
    /// Of a reversed earn: what was not there to be taken back, and is not owed either.
    pub(crate) missing: i64,
    /// Of a reversed spend, or of a hold: what came back and expired at once.
    pub(crate) expired: i64,
    /// Of a reversal: what is left of the entry to reverse.
    pub(crate) reversible: i64,
}

impl Effects {
    /// The entry that the posting asked for.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.main?)
    }

    /// The entry by which the account repaid what it owed.
    pub(crate) fn repayment(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.kind == EntryKind::DebtRepayment)
    }

    /// The balance at the end.
    pub(crate) fn balance(&self) -> i64 {
        self.entries.last().map_or(0, |entry| entry.balance)
    }
}

impl EntryKind {
    const ALL: [Self; 11] = [
        Self::Earn,
        Self::Redeem,
        Self::RedeemReversal,
        Self::EarnReversal,
        Self::Expire,
        Self::MoveOut,
        Self::MoveIn,
        Self::DebtRepayment,
        Self::TransferOut,
        Self::TransferIn,
        Self::Adjustment,
    ];

    /// The kind of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Earn => 1,
            Self::Redeem => 2,
            Self::RedeemReversal => 3,
            Self::EarnReversal => 4,
            Self::Expire => 5,
            Self::MoveOut => 6,
            Self::MoveIn => 7,
            Self::DebtRepayment => 8,
            Self::TransferOut => 9,
            Self::TransferIn => 10,
            Self::Adjustment => 11,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Earn => "EARN",
            Self::Redeem => "REDEEM",
            Self::RedeemReversal => "REDEEM_REVERSAL",
            Self::EarnReversal => "EARN_REVERSAL",
            Self::Expire => "EXPIRE",
            Self::MoveOut => "MOVE_OUT",
            Self::MoveIn => "MOVE_IN",
            Self::DebtRepayment => "DEBT_REPAYMENT",
            Self::TransferOut => "TRANSFER_OUT",
            Self::TransferIn => "TRANSFER_IN",
            Self::Adjustment => "ADJUSTMENT",
        }
    }
}
