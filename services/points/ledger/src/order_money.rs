//! The money of an order: what was paid, what was given back, and which share of what it earned that is.

use std::collections::BTreeMap;

use kernel::{Currency, Money};

use super::reversal::due_back;

/// What was paid for an order and given back of it. Refunds may arrive before the order, and in any currency; each counts
/// in its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderMoney {
    /// What was paid, in minor units.
    pub paid: i64,
    /// Of what was paid, by its code. Empty where the order names no amount, and where it was kept before currencies were.
    pub currency: String,
    /// What was given back, by currency; under no code what was kept before currencies were, which counts as the order's.
    pub refunds: BTreeMap<String, i64>,
    /// A refund that names no amount is of the whole order.
    pub whole: bool,
}

/// What was given back in one currency, and what becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refunded {
    /// None for refunds of the whole order.
    pub amount: Option<(String, i64)>,
    /// Whether points are taken back for it.
    pub counts: bool,
    /// Why, in words.
    pub explanation: String,
}

impl OrderMoney {
    /// The order has arrived.
    pub fn pay(&mut self, amount: Option<(&str, i64)>) {
        let (currency, paid) = amount.unwrap_or_default();
        currency.clone_into(&mut self.currency);
        self.paid = paid.max(0);
    }

    /// A refund has arrived. An order that was kept without its currency, and of which nobody knows it any more, is taken
    /// to be in that of the first refund that tells one.
    pub fn refund(&mut self, amount: Option<(&str, i64)>) {
        let Some((currency, minor_units)) = amount else {
            self.whole = true;
            return;
        };
        if self.lacks_currency() {
            currency.clone_into(&mut self.currency);
        }
        let sum = self.refunds.entry(currency.to_owned()).or_default();
        *sum = sum.saturating_add(minor_units.max(0));
    }

    /// Whether the currency of what was paid is not known, although something was.
    pub fn lacks_currency(&self) -> bool {
        self.currency.is_empty() && self.paid > 0
    }

    /// Whether anything was given back, in whatever currency.
    pub fn has_refunds(&self) -> bool {
        self.whole || !self.refunds.is_empty()
    }

    /// Whether what was given back in a currency takes points back.
    pub fn counts(&self, currency: &str) -> bool {
        let names_money = self.paid > 0 || !self.currency.is_empty();
        !names_money || currency.is_empty() || currency == self.currency
    }

    /// What was given back that counts; all that there is for a refund of the whole order.
    pub fn refunded(&self) -> i64 {
        if self.whole {
            return i64::MAX;
        }
        let counted = self.refunds.iter().filter(|(currency, _)| self.counts(currency));
        counted.fold(0_i64, |sum, (_, minor_units)| sum.saturating_add(*minor_units))
    }

    /// What of an earn is to be taken back in total: the share of the money that was given back, of the order's currency.
    pub fn due_back(&self, earned: i64) -> i64 {
        match self.refunded() {
            0 => 0,
            refunded => due_back(earned, self.paid, refunded),
        }
    }

    /// What was given back, in words.
    pub fn told(&self) -> Vec<Refunded> {
        let whole = self.whole.then(|| Refunded {
            amount: None,
            counts: true,
            explanation: "a refund without an amount is of the whole order: all that it earned is taken back"
                .to_owned(),
        });
        let parts = self
            .refunds
            .iter()
            .map(|(currency, minor_units)| self.tell(currency, *minor_units));
        whole.into_iter().chain(parts).collect()
    }

    /// What becomes of an amount that is given back.
    pub fn tell(&self, currency: &str, minor_units: i64) -> Refunded {
        let counts = self.counts(currency);
        let amount = written(currency, minor_units);
        let explanation = if !counts {
            let own = &self.currency;
            format!(
                "{amount} was given back of an order in {own}: nobody knows which share of it that is, so nothing is taken \
                 back for it; record what was given back in {own}, under another source_id"
            )
        } else if self.paid == 0 {
            format!("{amount} was given back of an order without money: all that it earned is taken back")
        } else {
            let paid = written(&self.currency, self.paid);
            format!("{amount} was given back of {paid}: that share of what it earned is taken back")
        };
        Refunded {
            amount: Some((currency.to_owned(), minor_units)),
            counts,
            explanation,
        }
    }
}

/// An amount as people write it.
pub fn written(currency: &str, minor_units: i64) -> String {
    if let Some(money) = Money::stored(currency, minor_units) {
        return money.to_string();
    }
    match Currency::stored(currency) {
        Some(currency) => format!("{} {currency}", currency.decimal(minor_units)),
        None => minor_units.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(paid: Option<(&str, i64)>, refunds: &[Option<(&str, i64)>]) -> OrderMoney {
        let mut order = OrderMoney::default();
        order.pay(paid);
        for refund in refunds {
            order.refund(*refund);
        }
        order
    }

    #[test]
    fn money_of_another_currency_takes_nothing_back() {
        let yen = Some(("JPY", 10_000));
        assert_eq!(order(Some(("CNY", 10_000)), &[yen]).due_back(100), 0);
        assert_eq!(
            order(Some(("CNY", 10_000)), &[yen, Some(("CNY", 2_500))]).due_back(100),
            25
        );
        assert_eq!(order(Some(("CNY", 0)), &[yen]).due_back(100), 0);
        assert_eq!(order(Some(("CNY", 10_000)), &[yen, None]).due_back(100), 100);
        let told = order(Some(("CNY", 10_000)), &[yen]).told().remove(0);
        assert!(!told.counts);
        let begin = "10000 JPY was given back of an order in CNY: ";
        assert!(told.explanation.starts_with(begin), "{}", told.explanation);
    }

    #[test]
    fn an_order_without_money_gives_all_back() {
        assert_eq!(order(None, &[Some(("CNY", 1))]).due_back(7), 7);
        assert_eq!(order(None, &[]).due_back(7), 0);
    }

    #[test]
    fn what_was_kept_before_currencies_were_counts_as_the_order_s() {
        let mut old = OrderMoney {
            paid: 10_000,
            refunds: BTreeMap::from([(String::new(), 2_500)]),
            ..OrderMoney::default()
        };
        assert_eq!(old.due_back(100), 25);
        old.refund(Some(("CNY", 2_500)));
        old.refund(Some(("JPY", 10_000)));
        assert_eq!((old.currency.as_str(), old.due_back(100)), ("CNY", 50));
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing(
            paid in 0..1_000_i64,
            refunds in proptest::collection::vec((proptest::sample::select(vec!["CNY", "JPY", "KWD"]), 0..500_i64), 0..6),
            paid_at in 0..7_usize,
            earned in 0..1_000_i64,
        ) {
            let mut order = OrderMoney::default();
            for (place, (currency, minor_units)) in refunds.iter().enumerate() {
                if place == paid_at {
                    order.pay(Some(("CNY", paid)));
                }
                order.refund(Some((currency, *minor_units)));
            }
            order.pay(Some(("CNY", paid)));
            let yuan: i64 = refunds.iter().filter(|(currency, _)| *currency == "CNY").map(|(_, amount)| amount).sum();
            let due = if yuan == 0 { 0 } else { due_back(earned, paid, yuan) };
            prop_assert_eq!(order.due_back(earned), due);
        }
    }
}
