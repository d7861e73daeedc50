//! The refusals of the graph in the contract's words.

use contracts_identity::v1 as proto;
use contracts_identity::v1::ErrorReason;
use fault::Fault;

use super::identity::IdentityId;
use super::member::IDENTITIES_MAX;
use super::member::MemberId;
use super::rows::NoMerge;
use super::{LinkError, MergeError, UndoError, UnlinkError};

pub(crate) fn link_fault(error: LinkError) -> Fault {
    let message = error.to_string();
    match error {
        LinkError::Blocked(key) => Fault::refused(ErrorReason::IdentityBlocked, message)
            .with("kind", key.kind.code().to_uppercase())
            .with("value", key.value),
        LinkError::InUse(member) => Fault::refused(ErrorReason::IdentityInUse, message).with("member_id", member),
        LinkError::Occupied(identity) => {
            Fault::refused(ErrorReason::IdentityKindOccupied, message).with("identity_id", identity)
        }
        LinkError::LimitReached(limit) => {
            Fault::refused(ErrorReason::IdentityLimitReached, message).with("limit", limit)
        }
    }
}

pub(crate) fn unlink_fault(error: UnlinkError, identity: IdentityId) -> Fault {
    match error {
        UnlinkError::NotFound => Fault::not_found("identity", identity),
        UnlinkError::Last => Fault::refused(ErrorReason::LastIdentity, error.to_string()).with("identity_id", identity),
    }
}

pub(crate) fn merge_fault(error: MergeError, member: MemberId) -> Fault {
    let message = error.to_string();
    match error {
        MergeError::AlreadyOne => Fault::refused(ErrorReason::MembersAlreadyOne, message).with("member_id", member),
        MergeError::Distinct { kind, scope } => Fault::refused(ErrorReason::MembersDistinct, message)
            .with("kind", kind.code().to_uppercase())
            .with("scope", scope),
        MergeError::Apart => Fault::refused(ErrorReason::MembersDistinct, message),
        MergeError::LimitReached => {
            Fault::refused(ErrorReason::IdentityLimitReached, message).with("limit", IDENTITIES_MAX)
        }
    }
}

/// The member that was named has no merge to undo.
pub(crate) fn no_merge_fault(none: &NoMerge, member: MemberId) -> Fault {
    match none {
        NoMerge::Unknown => Fault::not_found("member", member),
        NoMerge::NotAbsorbed => {
            let message = format!("{member} was not absorbed by another member: there is no merge to undo");
            Fault::refused(ErrorReason::MemberNotAbsorbed, message).with("member_id", member)
        }
        NoMerge::SurvivorAbsorbed(survivor) => {
            let message =
                format!("{survivor}, who survived the merge, was absorbed itself since: undo that merge first");
            Fault::refused(ErrorReason::SurvivorAbsorbed, message).with("member_id", survivor)
        }
    }
}

pub(crate) fn undo_fault(error: UndoError, member: MemberId) -> Fault {
    let message = error.to_string();
    match error {
        UndoError::WindowOver { merge_time, end_time } => Fault::refused(ErrorReason::UndoWindowOver, message)
            .with("merge_time", merge_time)
            .with("end_time", end_time),
        UndoError::NothingToRestore => Fault::refused(ErrorReason::NothingToRestore, message).with("member_id", member),
        UndoError::NothingLeft { identity } => {
            Fault::refused(ErrorReason::LastIdentity, message).with("identity_id", identity)
        }
    }
}

/// The refusal of one of many. A fault that is no refusal is the fault of the whole request.
pub(crate) fn refusal(fault: Fault) -> Result<proto::Refusal, Fault> {
    let Fault::Refused(refusal) = fault else {
        return Err(fault);
    };
    let field = |violation: fault::Violation| proto::RefusedField {
        field: violation.path,
        description: violation.message,
    };
    Ok(proto::Refusal {
        reason: refusal.reason,
        message: refusal.message,
        fields: refusal.violations.into_iter().map(field).collect(),
    })
}
