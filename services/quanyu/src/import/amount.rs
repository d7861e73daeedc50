//! Amounts of money and quantities as files have them, exact.

use kernel::Currency;
use kernel::text::tidy;

/// Currencies that are written with a ￥.
const YUAN_OR_YEN: [&str; 2] = ["CNY", "JPY"];

/// Reads "1,234.5" or "￥1234.50" as 123,450 of the currency's smallest unit, or says why it is no amount of it. What is
/// finer than the currency is no amount.
pub(super) fn minor_units(text: &str, currency: Currency) -> Result<i64, String> {
    let written = Written::read(text)?;
    if written.has_sign && !YUAN_OR_YEN.contains(&currency.code()) {
        return Err(format!(
            "{text} has the sign of yuan or yen, but the currency is {currency}"
        ));
    }
    let units = written.number.and_then(|number| currency.minor_units(&number));
    units.ok_or_else(|| {
        let example = currency.decimal(7_700);
        format!("{text} must be an amount of {currency} such as {example}")
    })
}

/// Says why a text is an amount of no currency.
pub(super) fn check(text: &str) -> Result<(), String> {
    let written = Written::read(text)?;
    let is_number = |number: &String| {
        let fraction = number.split_once('.').map_or("0", |(_, fraction)| fraction);
        !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
    };
    match written.number.is_some_and(|number| is_number(&number)) {
        true => Ok(()),
        false => Err(format!("{text} must be an amount such as 77.00")),
    }
}

/// An amount as it is written.
struct Written {
    /// Whether it has a ￥.
    has_sign: bool,
    /// The number without commas, where its whole part is one.
    number: Option<String>,
}

impl Written {
    fn read(text: &str) -> Result<Self, String> {
        let read = tidy(text);
        let (number, has_sign) = match read.strip_prefix('¥') {
            Some(number) => (number.trim_start(), true),
            None => (&*read, false),
        };
        if number.starts_with('-') {
            return Err(format!(
                "{text} is negative; what is given back is an activity order_refunded"
            ));
        }
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (number, None),
        };
        let number = ungrouped(whole).map(|whole| match fraction {
            Some(fraction) => format!("{whole}.{fraction}"),
            None => whole,
        });
        Ok(Self { has_sign, number })
    }
}

/// Reads "1,000" or "2.00" as a whole number.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = tidy(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    ungrouped(whole)?.parse().ok()
}

/// Digits, with or without a comma before each three of them.
fn ungrouped(text: &str) -> Option<String> {
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = text.split(',');
    let first = groups.next()?;
    let mut others = groups.clone();
    let is_grouped = groups.next().is_some();
    let fits = are_digits(first) && (!is_grouped || first.len() <= 3);
    (fits && others.all(|group| group.len() == 3 && are_digits(group))).then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, code: &str) -> Result<i64, String> {
        minor_units(text, code.parse().unwrap())
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, cents) in [
            ("77.00", 7_700),
            ("77.5", 7_750),
            ("77", 7_700),
            ("0.01", 1),
            ("0", 0),
            ("1,288.00", 128_800),
            ("￥1,288.00", 128_800),
            ("¥ 12", 1_200),
            ("１２８８．５", 128_850),
            ("\u{a0}77 ", 7_700),
            ("12,345,678.9", 1_234_567_890),
        ] {
            assert_eq!(read(text, "CNY"), Ok(cents), "{text}");
        }
        assert_eq!(read("77", "JPY"), Ok(77));
        assert_eq!(read("1.234", "KWD"), Ok(1_234));
        assert_eq!(read("5,000", "XOF"), Ok(5_000));
        assert_eq!(
            read("77.005", "CNY").unwrap_err(),
            "77.005 must be an amount of CNY such as 77.00"
        );
        for (text, currency) in [
            ("77.0", "JPY"),
            ("¥77", "USD"),
            ("", "CNY"),
            ("-1", "CNY"),
            ("1,28.00", "CNY"),
            ("1288,00", "CNY"),
            ("1.288,00", "CNY"),
            ("1.005", "CNY"),
            (".5", "CNY"),
            ("1e3", "CNY"),
            ("99999999999999999999", "CNY"),
        ] {
            assert!(read(text, currency).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_an_amount_of_no_currency_is_told_without_one() {
        for text in ["77.00", "1,288.5", "￥12", "1.23456", "0"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in ["", "many", "-1", "1,28.00", "1.2.3", "5.", ".5", "1e3", "12 yuan"] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_are_whole() {
        let read = ["2", "2.00", "1,000", "２", "2.5", "two", "", "-1"].map(whole);
        assert_eq!(read, [Some(2), Some(2), Some(1_000), Some(2), None, None, None, None]);
    }
}
