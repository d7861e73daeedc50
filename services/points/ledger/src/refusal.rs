use kernel::Time;

use super::{AdjustmentId, AdjustmentState, AssetCode, EntryId, EntryKind, Frozen, HoldId, HoldState, MemberId};

/// Why a posting is not done. It refuses this posting only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too little can be spent.
    #[error("{requested} were requested: {available} are available")]
    Insufficient {
        /// What can be spent.
        available: i64,
        /// What was asked for.
        requested: i64,
    },
    /// The asset is growth value.
    #[error("{asset} is growth value: it is earned, never spent")]
    NotSpendable {
        /// The asset.
        asset: AssetCode,
    },
    /// The lot would have expired before it became available.
    #[error("the lot would have expired at {expire_time}: give a later time, or change the asset's expiry policy")]
    ExpiryPassed {
        /// When.
        expire_time: Time,
        /// Whether the caller named that time; else it is the asset's.
        is_given: bool,
    },
    /// The lot would expire after the year 9999.
    #[error("{} the lot would expire after the year 9999, where the calendar ends: {}", beyond(asset, *available_time), cure(*available_time))]
    ExpiryBeyondCalendar {
        /// The asset.
        asset: AssetCode,
        /// When it would become available, where that is what leads so far.
        available_time: Option<Time>,
    },
    #[error(
        "the balance {balance} cannot grow by {amount}: an account is granted 1,000,000,000,000,000,000 at the most"
    )]
    /// The balance would become too large.
    Overflow {
        /// The balance.
        balance: i64,
        /// What was to come to it.
        amount: i64,
    },
    /// The entry is of a kind that is not reversed.
    #[error("entry {entry} is of the kind {}: only earns and redeems are reversed", kind.name())]
    NotReversible {
        /// The entry.
        entry: EntryId,
        /// Its kind.
        kind: EntryKind,
    },
    /// Less is left of the entry than was to be reversed.
    #[error("{requested} of the entry were to be reversed: {reversible} are left of it")]
    ExceedsEntry {
        /// What is left of it.
        reversible: i64,
        /// What was asked for.
        requested: i64,
    },
    /// The asset lets nothing that was earned be taken back.
    #[error("what was earned of {asset} is not taken back: its clawback policy is NONE")]
    ClawbackForbidden {
        /// The asset.
        asset: AssetCode,
    },
    /// Members may not give the asset to each other.
    #[error("{asset} cannot be given: it is growth value, or the asset forbids transfers")]
    TransferForbidden {
        /// The asset.
        asset: AssetCode,
    },
    /// The giver is the receiver, maybe by a merge.
    #[error("{member} is both the giver and the receiver: name another member")]
    TransferToSelf {
        /// The member.
        member: MemberId,
    },
    /// The adjustment has been decided.
    #[error("adjustment {adjustment} is {}: only a pending one is approved or rejected", state.name())]
    AdjustmentNotPending {
        /// The adjustment.
        adjustment: AdjustmentId,
        /// What it has become.
        state: AdjustmentState,
    },
    /// Who made the adjustment does not decide it.
    #[error("adjustment {adjustment} was made by {creator}: another principal approves or rejects it")]
    AdjustmentNeedsAnother {
        /// The adjustment.
        adjustment: AdjustmentId,
        /// The principal who made it.
        creator: String,
    },
    /// The earn does not wait.
    #[error("nothing is pending of {entry}: it has been confirmed or cancelled, or never waited")]
    NotPending {
        /// Its entry.
        entry: EntryId,
    },
    /// No earn of this reference waits.
    #[error("nothing is pending with the reference {reference}")]
    NothingPending {
        /// The reference.
        reference: String,
    },
    /// The hold has ended.
    #[error("hold {hold} is {}: only an open hold is captured or released", state.name())]
    HoldNotOpen {
        /// The hold.
        hold: HoldId,
        /// What it has become.
        state: HoldState,
    },
    /// Less is held than was to be captured.
    #[error("{requested} were to be captured of hold {hold}: {held} are held")]
    ExceedsHold {
        /// The hold.
        hold: HoldId,
        /// What is held.
        held: i64,
        /// What was asked for.
        requested: i64,
    },
    /// An operator has to look at the account first.
    #[error("the account of {asset} has been frozen since {}, because {}: an operator has to unfreeze it", frozen.time, frozen.reason)]
    Frozen {
        /// The account's asset.
        asset: AssetCode,
        /// Why, and since when.
        frozen: Frozen,
    },
}

fn beyond(asset: &str, available_time: Option<Time>) -> String {
    match available_time {
        Some(time) => format!("available_time is {time}: by the expiry policy of {asset}"),
        None => format!("by the expiry_policy of {asset}"),
    }
}

fn cure(available_time: Option<Time>) -> &'static str {
    match available_time {
        Some(_) => "give an earlier available_time, or an expire_time",
        None => "give an expire_time, or change the policy; \"never\" is one",
    }
}
