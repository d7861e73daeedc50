use contracts_rights::v1::ErrorReason;
use fault::Fault;

use super::CouponRefusal;
use super::issuing::ItemRefusal;

impl From<CouponRefusal> for Fault {
    fn from(refusal: CouponRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            CouponRefusal::Locked(lock) => Self::refused(ErrorReason::CouponLocked, message)
                .with("order_id", lock.order_id)
                .with("lock_expire_time", lock.expire_time),
            CouponRefusal::Redeemed { order_id } => {
                Self::refused(ErrorReason::CouponRedeemed, message).with("order_id", order_id)
            }
            CouponRefusal::Expired { expire_time } => {
                Self::refused(ErrorReason::CouponExpired, message).with("expire_time", expire_time)
            }
            CouponRefusal::NotYetValid { start_time } => {
                Self::refused(ErrorReason::CouponNotYetValid, message).with("start_time", start_time)
            }
            CouponRefusal::NotLocked { state } => {
                Self::refused(ErrorReason::CouponNotLocked, message).with("state", state)
            }
            CouponRefusal::NotRedeemed { state } => {
                Self::refused(ErrorReason::CouponNotRedeemed, message).with("state", state)
            }
            CouponRefusal::Terms(refusal) => refusal.into(),
        }
    }
}

/// The contract's reason for an item that issues nothing.
pub(crate) fn reason_of_item(refusal: ItemRefusal) -> ErrorReason {
    match refusal {
        ItemRefusal::TotalCap { .. } => ErrorReason::TotalCapReached,
        ItemRefusal::MemberCap { .. } => ErrorReason::MemberCapReached,
        ItemRefusal::ItemIdReused { .. } => ErrorReason::ItemIdReused,
    }
}
