use kernel::Time;

use super::{
    AccountKey, ActivityId, Adjustment, AdjustmentId, Confirmed, CostCentre, EntryId, Hold, HoldId, LotId, MemberId,
};

/// One change of one balance. Entries are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The account that it changed.
    pub account: AccountKey,
    /// Its number on the account, counted from 1 without a gap.
    pub sequence: i64,
    /// What happened.
    pub kind: EntryKind,
    /// The change, with its sign.
    pub amount: i64,
    /// The balance after it.
    pub balance: i64,
    /// When it was posted.
    pub post_time: Time,
    /// The lots that it granted or changed.
    pub lots: Vec<LotAmount>,
    /// When the lot expires that it granted; none where it granted none.
    pub lot_expire_time: Option<Time>,
    /// What the caller said it is for.
    pub reference: String,
    /// The entry that it takes back.
    pub reverses: Option<EntryId>,
    /// The rule and the activity behind it.
    pub earned_by: Option<EarnedBy>,
    /// The other member of a transfer or a merge.
    pub counterpart: Option<MemberId>,
    /// Who bears the cost of an earn or an adjustment, where a redeem was spent; of a reversal, that of what it reverses.
    pub cost_centre: Option<CostCentre>,
    /// The hold that it captured.
    pub hold: Option<HoldId>,
    /// The change of what is owed, with its sign.
    pub debt: i64,
    /// The member who spent from a pool.
    pub acting: Option<MemberId>,
    /// The adjustment that it posts.
    pub adjustment: Option<AdjustmentId>,
}

/// A lot's part in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotAmount {
    /// The lot.
    pub lot: LotId,
    /// When the lot expires.
    pub expire_time: Time,
    /// The change of the lot, with its sign.
    pub amount: i64,
    /// The lot had expired: what came back for it is in the new lot that the entry granted, not in the lot itself.
    pub regranted: bool,
}

/// What happened; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A lot was granted.
    Earn,
    /// Something was spent.
    Redeem,
    /// What was spent came back.
    RedeemReversal,
    /// What was granted was taken back.
    EarnReversal,
    /// Lots came to their time.
    Expire,
    /// Everything went over to the survivor of a merge, or back to a member who is itself again.
    MoveOut,
    /// Everything of another account came in by a merge or its undo.
    MoveIn,
    /// What is owed was repaid.
    DebtRepayment,
    /// Something was given to another member.
    TransferOut,
    /// Something was given by another member.
    TransferIn,
    /// The balance was corrected by hand.
    Adjustment,
}

/// The rule and the activity behind an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarnedBy {
    /// The activity.
    pub activity: ActivityId,
    /// The rule's code.
    pub rule_code: String,
    /// The version of the rule that decided it.
    pub rule_version: i32,
    /// SHA-256 of what the rule was evaluated on.
    pub inputs_digest: Vec<u8>,
}

/// What a posting does to the ledger. What it does to accounts and lots is in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The new entries, in their order. Empty where there was nothing to do.
    pub entries: Vec<Entry>,
    /// Which of them the posting asked for, if it asked for one; the others expire what was due.
    pub main: Option<usize>,
    /// The hold that was made or has ended, as it is now.
    pub hold: Option<Hold>,
    /// The adjustment that was made or decided, as it is now.
    pub adjustment: Option<Adjustment>,
    /// The pending earns that have become available.
    pub confirmed: Vec<Confirmed>,
    /// Whether what was earned is pending.
    pub pending: bool,
    /// Of a reversed earn: what was not there to be taken back, and is not owed either.
    pub missing: i64,
    /// Of a reversed spend, or of a hold: what came back and expired at once.
    pub expired: i64,
    /// Of a reversal: what is left of the entry to reverse.
    pub reversible: i64,
}

impl Effects {
    /// The entry that the posting asked for.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.main?)
    }

    /// The entry by which the account repaid what it owed.
    pub fn repayment(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.kind == EntryKind::DebtRepayment)
    }

    /// The balance at the end.
    pub fn balance(&self) -> i64 {
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
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
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
    pub fn name(self) -> &'static str {
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
