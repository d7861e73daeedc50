//! The one place that knows both the domain's errors and the contract's reasons.

use contracts::identity::v1::ErrorReason;
use fault::Fault;

use crate::graph::identity::IdentityId;
use crate::graph::member::IDENTITIES_MAX;
use crate::graph::member::MemberId;
use crate::graph::rows::NoMerge;
use crate::graph::{LinkError, MergeError, UndoError, UnlinkError};

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

/// Why there is no merge to undo of the member that was named.
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
