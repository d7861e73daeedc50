use contracts::points::v1::ErrorReason;
use fault::Fault;
use kernel::Time;

use super::{AdjustmentId, AdjustmentState, AssetCode, EntryId, EntryKind, Frozen, HoldId, HoldState, MemberId};

/// Why a posting is not done. It refuses this posting only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{requested} were requested: {available} are available")]
    Insufficient { available: i64, requested: i64 },
    #[error("{asset} is growth value: it is earned, never spent")]
    NotSpendable { asset: AssetCode },
    #[error("the lot would have expired at {expire_time}: give a later time, or change the asset's expiry policy")]
    ExpiryPassed { expire_time: Time },
    #[error("{} the lot would expire after the year 9999, where the calendar ends: {}", beyond(asset, *available_time), cure(*available_time))]
    ExpiryBeyondCalendar {
        asset: AssetCode,
        /// When it would become available, where that is what leads so far.
        available_time: Option<Time>,
    },
    #[error(
        "the balance {balance} cannot grow by {amount}: an account is granted 1,000,000,000,000,000,000 at the most"
    )]
    Overflow { balance: i64, amount: i64 },
    #[error("entry {entry} is of the kind {}: only earns and redeems are reversed", kind.name())]
    NotReversible { entry: EntryId, kind: EntryKind },
    #[error("{requested} of the entry were to be reversed: {reversible} are left of it")]
    ExceedsEntry { reversible: i64, requested: i64 },
    #[error("what was earned of {asset} is not taken back: its clawback policy is NONE")]
    ClawbackForbidden { asset: AssetCode },
    #[error("{asset} cannot be given: it is growth value, or the asset forbids transfers")]
    TransferForbidden { asset: AssetCode },
    #[error("{member} is both the giver and the receiver: name another member")]
    TransferToSelf { member: MemberId },
    #[error("adjustment {adjustment} is {}: only a pending one is approved or rejected", state.name())]
    AdjustmentNotPending {
        adjustment: AdjustmentId,
        state: AdjustmentState,
    },
    #[error("adjustment {adjustment} was made by {creator}: another principal approves or rejects it")]
    AdjustmentNeedsAnother { adjustment: AdjustmentId, creator: String },
    #[error("nothing is pending of {entry}: it has been confirmed or cancelled, or never waited")]
    NotPending { entry: EntryId },
    #[error("nothing is pending with the reference {reference}")]
    NothingPending { reference: String },
    #[error("hold {hold} is {}: only an open hold is captured or released", state.name())]
    HoldNotOpen { hold: HoldId, state: HoldState },
    #[error("{requested} were to be captured of hold {hold}: {held} are held")]
    ExceedsHold { hold: HoldId, held: i64, requested: i64 },
    #[error("the account of {asset} has been frozen since {}, because {}: an operator has to unfreeze it", frozen.time, frozen.reason)]
    Frozen { asset: AssetCode, frozen: Frozen },
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

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Insufficient { available, requested } => Fault::refused(ErrorReason::InsufficientPoints, message)
                .with("available", available)
                .with("requested", requested),
            Refusal::NotSpendable { asset } => {
                Fault::refused(ErrorReason::AssetNotSpendable, message).with("asset_code", asset)
            }
            Refusal::ExpiryPassed { expire_time } => {
                Fault::refused(ErrorReason::ExpiryPassed, message).with("expire_time", expire_time)
            }
            Refusal::ExpiryBeyondCalendar { asset, available_time } => {
                Fault::refused(ErrorReason::ExpiryBeyondCalendar, message)
                    .with("field", available_time.map_or("expiry_policy", |_| "available_time"))
                    .with("asset_code", asset)
                    .at(available_time.map_or("asset_code", |_| "available_time"))
            }
            Refusal::Overflow { balance, amount } => Fault::refused(ErrorReason::BalanceOverflow, message)
                .with("balance", balance)
                .with("amount", amount),
            Refusal::NotReversible { entry, kind } => Fault::refused(ErrorReason::EntryNotReversible, message)
                .with("entry_id", entry)
                .with("kind", kind.name()),
            Refusal::ExceedsEntry { reversible, requested } => {
                Fault::refused(ErrorReason::ReversalExceedsEntry, message)
                    .with("reversible", reversible)
                    .with("requested", requested)
            }
            Refusal::ClawbackForbidden { asset } => {
                Fault::refused(ErrorReason::ClawbackForbidden, message).with("asset_code", asset)
            }
            Refusal::TransferForbidden { asset } => {
                Fault::refused(ErrorReason::TransferForbidden, message).with("asset_code", asset)
            }
            Refusal::TransferToSelf { member } => {
                Fault::refused(ErrorReason::TransferToSelf, message).with("member_id", member)
            }
            Refusal::AdjustmentNotPending { adjustment, state } => {
                Fault::refused(ErrorReason::AdjustmentNotPending, message)
                    .with("adjustment_id", adjustment)
                    .with("state", state.name())
            }
            Refusal::AdjustmentNeedsAnother { adjustment, creator } => {
                Fault::refused(ErrorReason::AdjustmentNeedsAnother, message)
                    .with("adjustment_id", adjustment)
                    .with("creator", creator)
            }
            Refusal::NotPending { entry } => Fault::refused(ErrorReason::NotPending, message).with("earn", entry),
            Refusal::NothingPending { reference } => {
                Fault::refused(ErrorReason::NotPending, message).with("earn", reference)
            }
            Refusal::HoldNotOpen { hold, state } => Fault::refused(ErrorReason::HoldNotOpen, message)
                .with("hold_id", hold)
                .with("state", state.name()),
            Refusal::ExceedsHold { hold, held, requested } => Fault::refused(ErrorReason::CaptureExceedsHold, message)
                .with("hold_id", hold)
                .with("held", held)
                .with("requested", requested),
            Refusal::Frozen { asset, frozen } => Fault::refused(ErrorReason::AccountFrozen, message)
                .with("asset_code", asset)
                .with("reason", frozen.reason)
                .with("freeze_time", frozen.time),
        }
    }
}
