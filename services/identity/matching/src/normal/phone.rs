//! Phone numbers: digits alone, without the country where it is China's.

use super::Value;

/// So many digits have a mobile number in China.
const MOBILE_DIGITS: usize = 11;
/// Fewer digits are nobody's number.
const DIGITS_MIN: usize = 5;
/// More are no number.
const DIGITS_MAX: usize = 18;

pub(super) fn value(folded: &str) -> Option<Value> {
    // What is behind is an extension, which people share or leave out.
    let number = folded.split(['x', '#', '转', 'e', ';', '/']).next().unwrap_or_default();
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = without_country(&digits);
    (DIGITS_MIN..=DIGITS_MAX)
        .contains(&digits.len())
        .then(|| digits.to_owned())
        .filter(|digits| !is_filler(digits))
        .and_then(Value::plain)
}

fn without_country(digits: &str) -> &str {
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    let national = digits.strip_prefix("86");
    let national = national.map(|rest| {
        rest.strip_prefix('0')
            .filter(|rest| rest.len() == MOBILE_DIGITS)
            .unwrap_or(rest)
    });
    national
        .filter(|rest| rest.len() == MOBILE_DIGITS && rest.starts_with('1'))
        .unwrap_or(digits)
}

/// Numbers that fill a field: one digit over and over from the second on, or digits that count up.
fn is_filler(digits: &str) -> bool {
    let mut rest = digits.bytes().skip(1);
    let second = rest.next();
    let counts_up = digits.as_bytes().windows(2).all(
        |pair| matches!(pair, [one, next] if (one.wrapping_sub(b'0').wrapping_add(1)) % 10 == next.wrapping_sub(b'0')),
    );
    rest.all(|digit| Some(digit) == second) || counts_up
}
