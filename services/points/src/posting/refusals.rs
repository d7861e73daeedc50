//! Why a posting is not done, as a fault and as the answer about one of many.

use contracts_points::v1 as wire;
use contracts_points::v1::ErrorReason;
use fault::Fault;
use ledger::Refusal;
use tonic::Status;
use tonic_types::StatusExt;

/// The fault of a posting that the ledger refuses.
pub(crate) fn refused(refusal: Refusal) -> Fault {
    let message = refusal.to_string();
    match refusal {
        Refusal::Insufficient { available, requested } => Fault::refused(ErrorReason::InsufficientPoints, message)
            .with("available", available)
            .with("requested", requested),
        Refusal::NotSpendable { asset } => {
            Fault::refused(ErrorReason::AssetNotSpendable, message).with("asset_code", asset)
        }
        Refusal::ExpiryPassed { expire_time, is_given } => Fault::refused(ErrorReason::ExpiryPassed, message)
            .with("expire_time", expire_time)
            .at(if is_given { "expire_time" } else { "asset_code" }),
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
        Refusal::ExceedsEntry { reversible, requested } => Fault::refused(ErrorReason::ReversalExceedsEntry, message)
            .with("reversible", reversible)
            .with("requested", requested),
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

/// Why one of many postings was not posted: what its own method would have told by a status, whose details are read again
/// here, so that both say the same.
pub(crate) fn refusal_to_wire(fault: Fault) -> wire::PostingRefusal {
    let status = Status::from(fault);
    let details = status.get_error_details();
    let info = details.error_info().cloned();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    let retry_delay = details.retry_info().and_then(|info| info.retry_delay);
    let violations = violations
        .unwrap_or_default()
        .into_iter()
        .map(|it| wire::PostingViolation {
            path: it.field,
            message: it.description,
        });
    let (reason, domain, metadata) =
        info.map_or_else(Default::default, |info| (info.reason, info.domain, info.metadata));
    wire::PostingRefusal {
        code: status.code().into(),
        reason,
        domain,
        message: status.message().to_owned(),
        metadata: metadata.into_iter().collect(),
        violations: violations.collect(),
        retry_delay: retry_delay.and_then(|delay| prost_types::Duration::try_from(delay).ok()),
    }
}
