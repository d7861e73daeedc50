//! The facts that coupons tell, each in the order of its member.

use contracts_rights::v1::{CouponExpired, CouponIssued, CouponRedeemed};
use kernel::{Tenant, Time};
use store::Draft;

use super::{Coupon, CouponState};

/// A coupon was issued.
pub(crate) fn issued(tenant: Tenant, coupon: &Coupon) -> Draft {
    let fact = CouponIssued {
        coupon_id: coupon.id.to_string(),
        template_code: coupon.template_code.clone(),
        member_id: coupon.member.to_string(),
        expire_time: Some(coupon.period.end().to_wire()),
        issue_time: Some(coupon.issue_time.to_wire()),
    };
    Draft::new(tenant, coupon.member.to_string(), &fact)
}

/// An order redeemed a coupon.
pub(crate) fn redeemed(tenant: Tenant, coupon: &Coupon, order_id: &str, redeem_time: Time) -> Draft {
    let fact = CouponRedeemed {
        coupon_id: coupon.id.to_string(),
        template_code: coupon.template_code.clone(),
        member_id: coupon.member.to_string(),
        order_id: order_id.to_owned(),
        redeem_time: Some(redeem_time.to_wire()),
    };
    Draft::new(tenant, coupon.member.to_string(), &fact)
}

/// What a coupon that has just been changed tells of its end, where it has come to it.
pub(crate) fn ended(tenant: Tenant, coupon: &Coupon) -> Option<Draft> {
    match coupon.state {
        CouponState::Issued | CouponState::Locked(_) | CouponState::Redeemed(_) => None,
        CouponState::Expired => Some(expired(tenant, coupon)),
    }
}

/// A coupon expired unused.
fn expired(tenant: Tenant, coupon: &Coupon) -> Draft {
    let fact = CouponExpired {
        coupon_id: coupon.id.to_string(),
        template_code: coupon.template_code.clone(),
        member_id: coupon.member.to_string(),
        expire_time: Some(coupon.period.end().to_wire()),
    };
    Draft::new(tenant, coupon.member.to_string(), &fact)
}
