use std::fmt;

/// An amount of money: never negative, in the smallest unit of its currency, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    currency: [u8; 3],
    minor_units: i64,
}

/// Why something is no amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The currency is not three capital letters.
    #[error("currency_code must be three capital letters as in ISO 4217, for example \"CNY\"")]
    Currency,
    /// The amount is below zero.
    #[error("minor_units must not be negative")]
    Negative,
}

impl Money {
    /// An amount in a currency named by its ISO 4217 code.
    pub fn new(currency_code: &str, minor_units: i64) -> Result<Self, MoneyError> {
        let currency: [u8; 3] = currency_code.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if !currency.iter().all(u8::is_ascii_uppercase) {
            return Err(MoneyError::Currency);
        }
        if minor_units < 0 {
            return Err(MoneyError::Negative);
        }
        Ok(Self { currency, minor_units })
    }

    /// The currency's ISO 4217 code.
    pub fn currency_code(&self) -> &str {
        std::str::from_utf8(&self.currency).unwrap_or_default()
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
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (minor units)", self.minor_units, self.currency_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_money_is_refused() {
        assert_eq!(Money::new("cny", 1), Err(MoneyError::Currency));
        assert_eq!(Money::new("CNYX", 1), Err(MoneyError::Currency));
        assert_eq!(Money::new("CNY", -1), Err(MoneyError::Negative));
    }

    #[test]
    fn currencies_are_never_mixed_and_sums_never_wrap() {
        let yuan = Money::new("CNY", i64::MAX).unwrap();
        assert_eq!(yuan.checked_add(Money::new("CNY", 1).unwrap()), None);
        assert_eq!(
            Money::new("CNY", 1).unwrap().checked_add(Money::new("USD", 1).unwrap()),
            None
        );
        assert_eq!(
            Money::new("CNY", 1).unwrap().checked_add(Money::new("CNY", 2).unwrap()),
            Money::new("CNY", 3).ok()
        );
    }
}
