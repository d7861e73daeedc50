//! The one place that knows both the domain's refusals and the contract's reasons.

use contracts::rights::v1::ErrorReason;
use fault::{Common, Fault};

use crate::benefit::TermsRefusal;
use crate::coupon::CouponRefusal;
use crate::coupon::issuing::ItemRefusal;
use crate::coupon_template::TemplateRefusal;

impl From<TermsRefusal> for Fault {
    fn from(refusal: TermsRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            TermsRefusal::Currency { coupon, order } => Self::refused(ErrorReason::CurrencyMismatch, message)
                .with("coupon", coupon.currency_code())
                .with("order", order.currency_code()),
            TermsRefusal::MinimumSpend { minimum, order } => {
                Self::refused(ErrorReason::MinimumSpendNotReached, message)
                    .with("minimum_spend", minimum.minor_units())
                    .with("order_amount", order.minor_units())
            }
        }
    }
}

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

/// A template's refusal, with the template that refuses.
pub(crate) fn of_template(code: &str, refusal: TemplateRefusal) -> Fault {
    let message = refusal.to_string();
    let fault = match refusal {
        TemplateRefusal::FieldFixed { field, state } => Fault::refused(ErrorReason::TemplateFieldFixed, message)
            .with("field", field)
            .with("state", state.name()),
        TemplateRefusal::StateFinal { from, to } => Fault::refused(ErrorReason::TemplateStateFinal, message)
            .with("from", from.name())
            .with("to", to.name()),
        TemplateRefusal::CapBelowIssued { total_cap, issued } => {
            Fault::refused(ErrorReason::TotalCapBelowIssued, message)
                .with("total_cap", total_cap)
                .with("issued", issued)
        }
        TemplateRefusal::Terms(_) => return Fault::invalid("template.benefit", message),
        TemplateRefusal::NotActive { state } => {
            Fault::refused(ErrorReason::TemplateNotActive, message).with("state", state.name())
        }
        TemplateRefusal::WindowOver { end } => {
            Fault::refused(ErrorReason::TemplateWindowOver, message).with("end_time", end)
        }
    };
    fault.with("template_code", code)
}

/// The contract's reason for an item that issues nothing.
pub(crate) fn reason_of_item(refusal: ItemRefusal) -> ErrorReason {
    match refusal {
        ItemRefusal::TotalCap { .. } => ErrorReason::TotalCapReached,
        ItemRefusal::MemberCap { .. } => ErrorReason::MemberCapReached,
        ItemRefusal::ItemIdReused { .. } => ErrorReason::ItemIdReused,
    }
}

/// Somebody else changed the thing since it was read.
pub(crate) fn etag_mismatch(present: &str, sent: &str) -> Fault {
    let message = format!("the etag is {present}, not {sent}: read it again, then repeat the change");
    Fault::refused(Common::EtagMismatch, message)
        .with("etag", present)
        .with("sent", sent)
}
