use contracts::points::v1::ErrorReason;
use fault::Fault;
use kernel::Time;

use super::{AssetCode, EntryId, EntryKind, Frozen};

/// Why a posting is not done. It refuses this posting only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{requested} were requested: {available} are available")]
    Insufficient { available: i64, requested: i64 },
    #[error("{asset} is growth value: it is earned, never spent")]
    NotSpendable { asset: AssetCode },
    #[error("the lot would have expired at {expire_time}: give a later time, or change the asset's expiry policy")]
    ExpiryPassed { expire_time: Time },
    #[error("the balance {balance} cannot grow by {amount}: it would exceed what an account holds")]
    Overflow { balance: i64, amount: i64 },
    #[error("entry {entry} is of the kind {}: only earns and redeems are reversed", kind.name())]
    NotReversible { entry: EntryId, kind: EntryKind },
    #[error("{requested} of the entry were to be reversed: {reversible} are left of it")]
    ExceedsEntry { reversible: i64, requested: i64 },
    #[error("the account of {asset} has been frozen since {}, because {}: an operator has to unfreeze it", frozen.time, frozen.reason)]
    Frozen { asset: AssetCode, frozen: Frozen },
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
            Refusal::Frozen { asset, frozen } => Fault::refused(ErrorReason::AccountFrozen, message)
                .with("asset_code", asset)
                .with("reason", frozen.reason)
                .with("freeze_time", frozen.time),
        }
    }
}
