use crate::types::Money;

/// The currencies that do not have two decimals, by ISO 4217.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DECIMALS: &str = "CLF UYW";

/// Why a text is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MoneyError(String);

/// How many decimals amounts of a currency have: 2 of CNY, 0 of JPY, 3 of KWD.
pub fn decimals(currency_code: &str) -> Result<usize, MoneyError> {
    if currency_code.len() != 3 || !currency_code.bytes().all(|letter| letter.is_ascii_uppercase()) {
        let told = "is no ISO 4217 code: give three capital letters such as CNY";
        return Err(MoneyError(format!("{currency_code} {told}")));
    }
    let is_of = |codes: &str| codes.split(' ').any(|code| code == currency_code);
    Ok(match currency_code {
        _ if is_of(NO_DECIMALS) => 0,
        _ if is_of(THREE_DECIMALS) => 3,
        _ if is_of(FOUR_DECIMALS) => 4,
        _ => 2,
    })
}

/// An amount from its text: `money("19.99", "CNY")` is of 1999 minor units. Exact, never by way of a float; refused is what is
/// no plain number of 0 or more, is finer than the currency, or is too large.
pub fn money(text: &str, currency_code: &str) -> Result<Money, MoneyError> {
    let places = decimals(currency_code)?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    if !is_digits(whole) || !fraction.is_none_or(is_digits) {
        let told = "is no amount: write digits, and decimals behind a point, such as 19.99";
        return Err(MoneyError(format!("{text} {told}")));
    }
    let fraction = fraction.unwrap_or_default();
    if fraction.len() > places {
        let told = format!("{text} is finer than {currency_code}, which has {places} decimals");
        return Err(MoneyError(told));
    }
    let minor_units = format!("{whole}{fraction:0<places$}").parse();
    let minor_units =
        minor_units.map_err(|_| MoneyError(format!("{text} {currency_code} is more than any amount may be")))?;
    Ok(Money {
        currency_code: currency_code.to_owned(),
        minor_units,
    })
}

/// The amount as people write it, with all decimals of its currency: "19.99".
pub fn money_text(amount: &Money) -> Result<String, MoneyError> {
    let places = decimals(&amount.currency_code)?;
    let sign = if amount.minor_units < 0 { "-" } else { "" };
    let width = places.saturating_add(1);
    let digits = format!("{:0>width$}", amount.minor_units.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
    let point = if places > 0 { "." } else { "" };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minor_units: i64, currency_code: &str) -> Money {
        Money {
            currency_code: currency_code.to_owned(),
            minor_units,
        }
    }

    #[test]
    fn an_amount_is_exact_in_both_directions() {
        for (text, currency, minor_units) in [
            ("19.99", "CNY", 1999),
            ("0.00", "CNY", 0),
            ("0.07", "CNY", 7),
            ("1999", "JPY", 1999),
            ("1.999", "KWD", 1999),
            ("1.0001", "CLF", 10001),
            ("92233720368547758.07", "CNY", i64::MAX),
        ] {
            assert_eq!(money(text, currency).unwrap(), of(minor_units, currency));
            assert_eq!(money_text(&of(minor_units, currency)).unwrap(), text);
        }
        assert_eq!(money("19.9", "CNY").unwrap().minor_units, 1990);
        assert_eq!(money("19", "CNY").unwrap().minor_units, 1900);
        assert_eq!(money_text(&of(-5, "CNY")).unwrap(), "-0.05");
        assert_eq!(money_text(&of(i64::MIN, "JPY")).unwrap(), "-9223372036854775808");
    }

    #[test]
    fn what_is_no_exact_amount_is_refused() {
        for text in [
            "",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e3",
            "1,000",
            " 1",
            "1.999",
            "٣",
            "1.-1",
            "92233720368547758.08",
            "0x10",
        ] {
            assert!(money(text, "CNY").is_err(), "{text}");
        }
        assert!(money("1.5", "JPY").is_err());
        for code in ["", "cny", "RMBS", "元"] {
            assert!(money("1", code).is_err(), "{code}");
        }
    }

    #[test]
    fn currencies_have_the_decimals_that_the_platform_gives_them() {
        let kernel = include_str!("../../../libs/kernel/src/currency.rs");
        for (name, places) in [
            ("NO_DECIMALS", 0),
            ("TWO_DECIMALS", 2),
            ("THREE_DECIMALS", 3),
            ("FOUR_DECIMALS", 4),
        ] {
            let (_, after) = kernel.split_once(&format!("const {name}: &str = \"")).unwrap();
            let (codes, _) = after.split_once("\";").unwrap();
            let codes: Vec<_> = codes
                .split(|letter: char| !letter.is_ascii_uppercase())
                .filter(|code| code.len() == 3)
                .collect();
            assert!(codes.len() > 1, "{name}");
            for code in codes {
                assert_eq!(decimals(code), Ok(places), "{code}");
            }
        }
    }
}
