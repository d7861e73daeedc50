//! Why something is not done to a pool, as a fault.

use contracts_points::v1::ErrorReason;
use fault::Fault;
use ledger::{MemberId, PoolId, PoolRefusal};

/// The fault of what is refused about a pool.
pub(crate) fn refused(refusal: PoolRefusal) -> Fault {
    let message = refusal.to_string();
    let of_member = |reason, pool: PoolId, member: MemberId, message| {
        Fault::refused(reason, message)
            .with("pool_id", pool)
            .with("member_id", member)
    };
    match refusal {
        PoolRefusal::Elsewhere { member, pool, asset } => {
            of_member(ErrorReason::PoolMemberElsewhere, pool, member, message).with("asset_code", asset)
        }
        PoolRefusal::Full { pool, members_max } => Fault::refused(ErrorReason::PoolFull, message)
            .with("pool_id", pool)
            .with("members_max", members_max),
        PoolRefusal::NoMember { pool, member } => of_member(ErrorReason::PoolMembershipRequired, pool, member, message),
        PoolRefusal::NotOwner { pool, member } => of_member(ErrorReason::PoolOwnerRequired, pool, member, message),
        PoolRefusal::OwnerStays { pool, member } => of_member(ErrorReason::PoolOwnerStays, pool, member, message),
        PoolRefusal::Dissolved { pool, time } => Fault::refused(ErrorReason::PoolDissolved, message)
            .with("pool_id", pool)
            .with("dissolve_time", time),
    }
}
