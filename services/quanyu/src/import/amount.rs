//! Amounts of money as files have them, exact.

use kernel::Currency;

/// Reads "1234.5" as 123,450 of the currency's smallest unit, or says what is wrong. Never by way of a float; what is finer
/// than the currency is no amount.
pub(super) fn minor_units(text: &str, currency_code: &str) -> Result<i64, String> {
    let currency: Currency = currency_code
        .parse()
        .map_err(|error| format!("currency_code: {error}"))?;
    currency.minor_units(text).ok_or_else(|| {
        let example = currency.decimal(7_700);
        format!("amount: {text} must be an amount of {currency} such as {example}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let read = |text, code| minor_units(text, code);
        assert_eq!(read("77.00", "CNY"), Ok(7_700));
        assert_eq!(read("77", "JPY"), Ok(77));
        assert_eq!(read("1.234", "KWD"), Ok(1_234));
        assert_eq!(read("5000", "XOF"), Ok(5_000));
        let said = |text, code| minor_units(text, code).unwrap_err();
        assert_eq!(
            said("77.005", "CNY"),
            "amount: 77.005 must be an amount of CNY such as 77.00"
        );
        assert_eq!(
            said("77.00", "RMB"),
            "currency_code: RMB is no ISO 4217 code; did you mean CNY?"
        );
        assert!(said("77.00", "XXX").starts_with("currency_code: XXX is no money"));
    }
}
