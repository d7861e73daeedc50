mod refusals;

use kernel::{Exact, Money};

/// All of an amount, in basis points.
pub(crate) const WHOLE_BASIS_POINTS: i64 = 10_000;

/// A benefit, and the order amount from which on an order gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    benefit: Benefit,
    minimum_spend: Option<Money>,
}

/// The benefit of a coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Benefit {
    /// An amount off the order.
    AmountOff(Money),
    /// A share off the order.
    PercentOff {
        /// 1 to 10,000.
        basis_points: i64,
        /// The most that is taken off.
        discount_max: Option<Money>,
    },
    /// A gift, by its stock-keeping unit.
    Gift(String),
    /// No shipping fee.
    FreeShipping,
}

/// Why a benefit and a minimum spend are no terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermsError {
    /// Nothing is given.
    #[error("must be at least 1 minor unit")]
    Nothing,
    /// More than everything, or nothing, is taken off.
    #[error("must be 1 to 10000 basis points")]
    Share,
    /// Two currencies.
    #[error("all amounts of a template must be in one currency")]
    Currencies,
}

/// Why an order gets nothing from a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermsRefusal {
    /// The order is in another currency.
    #[error("the order is in {}, the coupon in {}: use a coupon of the order's currency", order.currency(), coupon.currency())]
    Currency {
        /// An amount of the coupon.
        coupon: Money,
        /// The order's amount.
        order: Money,
    },
    /// The order is too small.
    #[error("the order's amount of {order} is below the minimum spend of {minimum}")]
    MinimumSpend {
        /// The minimum.
        minimum: Money,
        /// The order's amount.
        order: Money,
    },
}

/// The price of an order with a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// The order's amount before the coupon.
    pub(crate) order_amount: Money,
    /// The amount that the coupon takes off, 0 to the order's amount.
    pub(crate) discount: Money,
    /// The amount that is left to pay.
    pub(crate) payable_amount: Money,
}

impl Terms {
    /// Terms in one currency that give something.
    pub(crate) fn new(benefit: Benefit, minimum_spend: Option<Money>) -> Result<Self, TermsError> {
        match &benefit {
            Benefit::AmountOff(amount) if amount.minor_units() < 1 => return Err(TermsError::Nothing),
            Benefit::PercentOff {
                discount_max: Some(most),
                ..
            } if most.minor_units() < 1 => return Err(TermsError::Nothing),
            Benefit::PercentOff { basis_points, .. } if !(1..=WHOLE_BASIS_POINTS).contains(basis_points) => {
                return Err(TermsError::Share);
            }
            Benefit::AmountOff(_) | Benefit::PercentOff { .. } | Benefit::Gift(_) | Benefit::FreeShipping => {}
        }
        if let (Some(money), Some(minimum)) = (benefit.money(), minimum_spend)
            && money.currency() != minimum.currency()
        {
            return Err(TermsError::Currencies);
        }
        Ok(Self { benefit, minimum_spend })
    }

    /// The benefit.
    pub(crate) fn benefit(&self) -> &Benefit {
        &self.benefit
    }

    /// The order amount from which on an order gets it.
    pub(crate) fn minimum_spend(&self) -> Option<Money> {
        self.minimum_spend
    }

    /// The price of an order with a coupon: never below zero.
    pub(crate) fn price(&self, order: Money) -> Result<Price, TermsRefusal> {
        if let Some(coupon) = self.benefit.money().or(self.minimum_spend)
            && coupon.currency() != order.currency()
        {
            return Err(TermsRefusal::Currency { coupon, order });
        }
        if let Some(minimum) = self.minimum_spend
            && order.minor_units() < minimum.minor_units()
        {
            return Err(TermsRefusal::MinimumSpend { minimum, order });
        }
        let discount = self.benefit.discount(order.minor_units()).clamp(0, order.minor_units());
        let payable = order.minor_units().exact_sub(discount);
        assert!(
            0 <= payable && payable <= order.minor_units(),
            "a coupon makes an order neither negative nor dearer"
        );
        Ok(Price {
            order_amount: order,
            discount: in_currency_of(order, discount),
            payable_amount: in_currency_of(order, payable),
        })
    }
}

impl Benefit {
    /// An amount that the benefit speaks of, for its currency.
    fn money(&self) -> Option<Money> {
        match self {
            Self::AmountOff(amount) => Some(*amount),
            Self::PercentOff { discount_max, .. } => *discount_max,
            Self::Gift(_) | Self::FreeShipping => None,
        }
    }

    /// The discount on an order's amount, not yet bounded by that amount. A share is rounded down to the minor unit.
    fn discount(&self, order_minor_units: i64) -> i64 {
        match self {
            Self::AmountOff(amount) => amount.minor_units(),
            Self::PercentOff {
                basis_points,
                discount_max,
            } => {
                let most = discount_max.map_or(i64::MAX, |most| most.minor_units());
                share(order_minor_units, *basis_points).min(most)
            }
            Self::Gift(_) | Self::FreeShipping => 0,
        }
    }
}

/// A share of an amount, rounded down; exact for every amount, since it is counted in 128 bits.
fn share(minor_units: i64, basis_points: i64) -> i64 {
    let product = i128::from(minor_units).exact_mul(i128::from(basis_points));
    i64::try_from(product.div_euclid(i128::from(WHOLE_BASIS_POINTS))).unwrap_or(i64::MAX)
}

fn in_currency_of(order: Money, minor_units: i64) -> Money {
    let money = Money::stored(order.currency_code(), minor_units);
    assert!(money.is_some(), "an amount between 0 and an order's amount is money");
    money.unwrap_or(order)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cny(minor_units: i64) -> Money {
        Money::stored("CNY", minor_units).unwrap()
    }

    fn percent(basis_points: i64, most: Option<i64>) -> Benefit {
        Benefit::PercentOff {
            basis_points,
            discount_max: most.map(cny),
        }
    }

    #[test]
    fn a_discount_is_rounded_down_and_bounded_by_the_order() {
        let table = [
            (Benefit::AmountOff(cny(1_000)), 10_000, 1_000, 9_000),
            (Benefit::AmountOff(cny(1_000)), 999, 999, 0),
            (Benefit::AmountOff(cny(1_000)), 0, 0, 0),
            (percent(1_500, None), 9_999, 1_499, 8_500),
            (percent(1, None), 9_999, 0, 9_999),
            (percent(10_000, None), 9_999, 9_999, 0),
            (percent(10_000, None), i64::MAX, i64::MAX, 0),
            (percent(5_000, Some(300)), 10_000, 300, 9_700),
            (percent(5_000, Some(300)), 100, 50, 50),
            (Benefit::Gift("MUG-1".to_owned()), 5_000, 0, 5_000),
            (Benefit::FreeShipping, 5_000, 0, 5_000),
        ];
        for (benefit, order, discount, payable) in table {
            let price = Terms::new(benefit.clone(), None).unwrap().price(cny(order)).unwrap();
            assert_eq!(
                (price.discount, price.payable_amount),
                (cny(discount), cny(payable)),
                "{benefit:?} on {order}"
            );
        }
    }

    #[test]
    fn the_minimum_spend_is_reached_by_exactly_its_amount() {
        let terms = Terms::new(Benefit::AmountOff(cny(100)), Some(cny(1_000))).unwrap();
        assert!(terms.price(cny(1_000)).is_ok());
        let refusal = TermsRefusal::MinimumSpend {
            minimum: cny(1_000),
            order: cny(999),
        };
        assert_eq!(terms.price(cny(999)), Err(refusal));
    }

    #[test]
    fn an_order_in_another_currency_is_refused() {
        let dollars = Money::new("USD", 5_000).unwrap();
        for terms in [
            Terms::new(Benefit::AmountOff(cny(100)), None),
            Terms::new(Benefit::FreeShipping, Some(cny(1))),
        ] {
            assert!(matches!(
                terms.unwrap().price(dollars),
                Err(TermsRefusal::Currency { .. })
            ));
        }
        assert!(Terms::new(percent(500, None), None).unwrap().price(dollars).is_ok());
    }

    #[test]
    fn terms_give_something_in_one_currency() {
        assert_eq!(Terms::new(Benefit::AmountOff(cny(0)), None), Err(TermsError::Nothing));
        assert_eq!(Terms::new(percent(500, Some(0)), None), Err(TermsError::Nothing));
        assert_eq!(Terms::new(percent(10_001, None), None), Err(TermsError::Share));
        let dollars = Money::new("USD", 1).unwrap();
        assert_eq!(
            Terms::new(Benefit::AmountOff(cny(1)), Some(dollars)),
            Err(TermsError::Currencies)
        );
    }

    proptest! {
        #[test]
        fn the_price_is_never_below_zero_and_nothing_is_lost(order in 0..=i64::MAX, off in 1..=i64::MAX, basis_points in 1..=10_000_i64, most in 1..=i64::MAX) {
            for benefit in [Benefit::AmountOff(cny(off)), percent(basis_points, None), percent(basis_points, Some(most)), Benefit::FreeShipping] {
                let price = Terms::new(benefit, None).unwrap().price(cny(order)).unwrap();
                prop_assert!(price.payable_amount.minor_units() >= 0);
                prop_assert_eq!(price.discount.minor_units() + price.payable_amount.minor_units(), order);
            }
        }
    }
}
