//! Amounts of money as files have them, exact.

/// Currencies whose smallest unit is the whole (ISO 4217).
const WITHOUT_FRACTION: [&str; 8] = ["CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF"];
/// Digits after the point in all others that shops use.
const FRACTION_DIGITS: usize = 2;

/// Reads "1234.5" as 123,450 cents. Never by way of a float; what is finer than the currency is no amount.
pub(super) fn minor_units(text: &str, currency_code: &str) -> Option<i64> {
    let digits = if WITHOUT_FRACTION.contains(&currency_code) {
        0
    } else {
        FRACTION_DIGITS
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fits = fraction.len() <= digits && [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit());
    if !fits || whole.is_empty() {
        return None;
    }
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        let cny = |text| minor_units(text, "CNY");
        assert_eq!(
            [cny("77.00"), cny("77.5"), cny("77"), cny("0.01"), cny("0")],
            [Some(7_700), Some(7_750), Some(7_700), Some(1), Some(0)]
        );
        assert_eq!([minor_units("77", "JPY"), minor_units("77.0", "JPY")], [Some(77), None]);
        for wrong in ["", "-1", "1,000.00", "1.005", ".5", "1e3", "99999999999999999999"] {
            assert_eq!(cny(wrong), None, "{wrong}");
        }
    }
}
