use super::TextError;

/// Of so many digits a number has lost some by being made a fraction, or is an id that was none.
const LONG_DIGITS_MIN: usize = 8;
/// Of exponents: none that a program writes is longer.
const EXPONENT_DIGITS_MAX: usize = 3;

/// How a power of ten is written out.
const POWERS: [&str; 4] = ["×10^", "x10^", "X10^", "*10^"];
/// The digits of an exponent that stands above the line, in their order.
const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/// Refuses an identifier that shows what a spreadsheet made of it.
///
/// A number that was rounded to fifteen digits and written out in full ends in zeros, and a number whose leading zeros
/// are gone is shorter; either may be an id as well, so nothing is guessed of them.
pub(super) fn check(text: &str) -> Result<(), TextError> {
    match text.as_bytes() {
        [b'\'' | b'`', rest @ ..] if rest.iter().any(u8::is_ascii_digit) => Err(TextError::Marked),
        [b'=', b'"', .., b'"'] => Err(TextError::Marked),
        [b'0'..=b'9' | b'-', ..] if is_scientific(text) => Err(TextError::Rounded),
        [b'0'..=b'9', ..] if is_whole_fraction(text) => Err(TextError::Fraction),
        _ => Ok(()),
    }
}

/// "6.22203E+15" and "6E+15" as spreadsheets write it, "6.22203e15" as programs do, "6.22203×10^15" as books do, with
/// blanks, and a decimal that a program has hung on. Without point and sign it may be an id, like the hexadecimal "6e15".
fn is_scientific(text: &str) -> bool {
    let text = on_the_line(text);
    let (mantissa, exponent, is_power) = match POWERS.iter().find_map(|power| text.split_once(power)) {
        Some((mantissa, exponent)) => (mantissa, exponent, true),
        // Fortran and its like write a D.
        None => match text.split_once(['e', 'E', 'd', 'D']) {
            Some((mantissa, exponent)) => (mantissa, exponent, false),
            None => return false,
        },
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let exponent = match exponent.split_once('.') {
        Some((exponent, zeros)) if zeros.bytes().all(|byte| byte == b'0') => exponent,
        _ => exponent,
    };
    let (is_signed, exponent) = match exponent.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, exponent.strip_prefix('-').unwrap_or(exponent)),
    };
    let is_number = is_digits(whole)
        && (is_digits(decimals) || mantissa == whole)
        && is_digits(exponent)
        && exponent.len() <= EXPONENT_DIGITS_MAX;
    is_number && (is_signed || is_power || !decimals.is_empty())
}

/// Without blanks, and with the digits that are raised after their mark: "6.2×10¹⁵" as "6.2×10^15".
fn on_the_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_raised = false;
    for character in text.chars().filter(|c| !c.is_whitespace()) {
        let digit = RAISED.chars().zip('0'..='9').find(|(raised, _)| *raised == character);
        if digit.is_some() && !is_raised {
            out.push('^');
        }
        is_raised = digit.is_some();
        out.push(digit.map_or(character, |(_, digit)| digit));
    }
    out
}

/// "6222030012345678.0", as programs write an id that they have read as a number.
fn is_whole_fraction(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, decimals)| {
        whole.len() >= LONG_DIGITS_MIN
            && is_digits(whole)
            && !decimals.is_empty()
            && decimals.bytes().all(|byte| byte == b'0')
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_number_is_told_from_an_id() {
        for text in [
            "6.22203E+15",
            "1.23E+11",
            "6.22203e+15",
            "6E+15",
            "62.2E+14",
            "6,22203E+15",
            "6.22203E15",
            "-1.5E+10",
            "1.2E-05",
            "6.22203 E+15",
            "6.22203E +15",
            "6.22203E+15.0",
            "6.22203×10^15",
            "6.22203 x 10^15",
            "6*10^15",
            "6.22203×10¹⁵",
            "6.22203D+15",
        ] {
            assert_eq!(check(text), Err(TextError::Rounded), "{text}");
        }
        for text in [
            "6222030012345678",
            "6e15",
            "12E5",
            "1e5f+22",
            "E+15",
            "6.E+15",
            "1.2E+",
            "1.2E+1234",
            "A6.2E+15",
            "7-11",
            "1.2.3",
            "2024E-7",
            "6.2E+15.5",
            "7x10",
            "3x10^a",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_number_made_a_fraction_is_told_from_a_version() {
        for text in ["6222030012345678.0", "13712345670.00"] {
            assert_eq!(check(text), Err(TextError::Fraction), "{text}");
        }
        for text in ["1.0", "2024.0", "12345678.5", "12345678."] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_mark_before_a_number_is_not_part_of_it() {
        for text in ["'6222030012345678", "`4200001234", "=\"0012\""] {
            assert_eq!(check(text), Err(TextError::Marked), "{text}");
        }
        for text in ["'s-hertogenbosch", "=", "O'Neil1"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
