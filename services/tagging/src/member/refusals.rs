use contracts_tagging::v1::ErrorReason;
use fault::Fault;

use super::MemberId;

pub(crate) fn member_not_found(member: MemberId) -> Fault {
    Fault::refused(ErrorReason::MemberNotFound, format!("there is no member {member}")).with("member_id", member)
}
