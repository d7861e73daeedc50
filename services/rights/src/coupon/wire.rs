use contracts_rights::v1 as wire;
use fault::Violations;
use kernel::Time;
use kernel::text::is_placeholder;

use super::{Coupon, CouponState};

/// A coupon as it is now.
pub(crate) fn coupon(coupon: &Coupon, now: Time) -> wire::Coupon {
    let state = coupon.state_at(now);
    let (wire_state, lock, redemption) = match &state {
        CouponState::Issued => (wire::CouponState::Issued, None, None),
        CouponState::Locked(lock) => (wire::CouponState::Locked, Some(lock), None),
        CouponState::Redeemed(redemption) => (wire::CouponState::Redeemed, None, Some(redemption)),
        CouponState::Expired => (wire::CouponState::Expired, None, None),
    };
    let order_id = lock
        .map(|lock| &lock.order_id)
        .or(redemption.map(|redemption| &redemption.order_id));
    wire::Coupon {
        coupon_id: coupon.id.to_string(),
        template_code: coupon.template_code.clone(),
        member_id: coupon.member.to_string(),
        state: wire_state.into(),
        issue_time: Some(coupon.issue_time.to_wire()),
        start_time: Some(coupon.period.start().to_wire()),
        expire_time: Some(coupon.period.end().to_wire()),
        order_id: order_id.cloned().unwrap_or_default(),
        lock_expire_time: lock.map(|lock| lock.expire_time.to_wire()),
        redeem_time: redemption.map(|redemption| redemption.time.to_wire()),
        discount: redemption.map(|redemption| redemption.discount.into()),
    }
}

/// The name under which a state is stored; none for no state.
pub(crate) fn state_name(state: wire::CouponState) -> Option<&'static str> {
    match state {
        wire::CouponState::Unspecified => None,
        wire::CouponState::Issued => Some("issued"),
        wire::CouponState::Locked => Some("locked"),
        wire::CouponState::Redeemed => Some("redeemed"),
        wire::CouponState::Expired => Some("expired"),
    }
}

/// An order whose number stands for nothing would be any order: what is locked for one of them, all may redeem.
pub(crate) fn check_order(order_id: &str, violations: &mut Violations) {
    violations.check(
        !is_placeholder(order_id),
        "order_id",
        format!("{order_id} can stand for any order: send its own number"),
    );
}
