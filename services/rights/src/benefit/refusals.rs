use contracts_rights::v1::ErrorReason;
use fault::Fault;

use super::TermsRefusal;

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
