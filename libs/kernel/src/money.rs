use std::fmt;

use crate::{Currency, CurrencyError};

/// An amount of money: never negative, in the smallest unit of its currency, exact. It has no order: amounts of two
/// currencies do not compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor_units: i64,
}

/// Why something is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The currency is none.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// The amount is below zero.
    #[error("must not be negative: money that is given back is recorded as such, with a positive amount")]
    Negative,
    /// The amount is no amount that anything costs.
    #[error("must be at most {MINOR_UNITS_MAX}, ten million millions of a currency with two decimals")]
    TooLarge,
}

/// The largest amount that arrives, so that thousands of the largest can be summed in 64 bits, and floating point counts
/// each exactly.
const MINOR_UNITS_MAX: i64 = 1_000_000_000_000_000;

impl MoneyError {
    /// The field of the contract's `Money` that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Currency(_) => "currency_code",
            Self::Negative | Self::TooLarge => "minor_units",
        }
    }
}

impl Money {
    /// An amount in a currency named by its ISO 4217 code.
    pub fn new(currency_code: &str, minor_units: i64) -> Result<Self, MoneyError> {
        let currency: Currency = currency_code.parse()?;
        if minor_units < 0 {
            return Err(MoneyError::Negative);
        }
        if minor_units > MINOR_UNITS_MAX {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self { currency, minor_units })
    }

    /// An amount as it was stored, perhaps before codes and sizes were checked.
    pub fn stored(currency_code: &str, minor_units: i64) -> Option<Self> {
        let currency = Currency::stored(currency_code)?;
        (minor_units >= 0).then_some(Self { currency, minor_units })
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The currency's ISO 4217 code.
    pub fn currency_code(&self) -> &str {
        self.currency.code()
    }

    /// The amount in the smallest unit.
    pub const fn minor_units(&self) -> i64 {
        self.minor_units
    }

    /// The sum; none where the currencies differ or it is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor_units.checked_add(other.minor_units))
            .flatten()
            .map(|minor_units| Self { minor_units, ..self })
    }

    /// What is left; none where the currencies differ or less than nothing is.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor_units.checked_sub(other.minor_units))
            .flatten()
            .filter(|minor_units| *minor_units >= 0)
            .map(|minor_units| Self { minor_units, ..self })
    }
}

impl fmt::Display for Money {
    /// As people write it: "19.99 CNY".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.decimal(self.minor_units), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(currency_code: &str, minor_units: i64) -> Money {
        Money::new(currency_code, minor_units).unwrap()
    }

    #[test]
    fn what_is_no_money_is_refused() {
        let field = |code, minor_units| Money::new(code, minor_units).unwrap_err().field();
        assert_eq!(field("cny", 1), "currency_code");
        assert_eq!(field("CNYX", 1), "currency_code");
        assert_eq!(field("RMB", 1), "currency_code");
        assert_eq!(field("CNY", -1), "minor_units");
        assert_eq!(field("CNY", MINOR_UNITS_MAX + 1), "minor_units");
        assert!(Money::stored("CNY", i64::MAX).is_some());
        assert_eq!(
            Money::stored("RMB", 1).map(|it| it.to_string()),
            Some("1 RMB".to_owned())
        );
        assert_eq!(Money::stored("CNY", -1), None);
    }

    #[test]
    fn money_is_written_with_the_decimals_of_its_currency() {
        assert_eq!(money("CNY", 1_999).to_string(), "19.99 CNY");
        assert_eq!(money("CNY", 5).to_string(), "0.05 CNY");
        assert_eq!(money("JPY", 10_000).to_string(), "10000 JPY");
        assert_eq!(money("KWD", 1_234).to_string(), "1.234 KWD");
    }

    #[test]
    fn currencies_are_never_mixed_and_sums_never_wrap() {
        assert_eq!(
            Money::stored("CNY", i64::MAX).unwrap().checked_add(money("CNY", 1)),
            None
        );
        assert_eq!(money("CNY", 1).checked_add(money("USD", 1)), None);
        assert_eq!(money("CNY", 1).checked_add(money("CNY", 2)), Some(money("CNY", 3)));
        assert_eq!(money("CNY", 3).checked_sub(money("CNY", 2)), Some(money("CNY", 1)));
        assert_eq!(money("CNY", 2).checked_sub(money("CNY", 3)), None);
        assert_eq!(money("CNY", 3).checked_sub(money("USD", 2)), None);
    }
}
