/// Why a text is no integer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoInteger {
    /// It is no number at all, as JSON writes them.
    NoNumber,
    /// It has a fraction.
    Fraction,
    /// It is beyond every integer that fields have.
    TooLarge,
}

/// No integer of a field has more digits.
const DIGITS_MAX: i64 = 20;

/// The integer that a number of JSON is: exactly, whether it is written as `1000`, `1000.0` or `1e3`. A float is never in
/// between, which would make 9007199254740993.0 another number.
pub(super) fn integer(text: &str) -> Result<i128, NoInteger> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_whole = is_digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let is_fraction = mantissa.len() == whole.len() || is_digits(fraction);
    let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !is_whole || !is_fraction || !is_digits(exponent_digits) {
        return Err(NoInteger::NoNumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // An exponent that has no room in 64 bits moves the point beyond everything, one way or the other.
    let exponent = exponent
        .parse::<i64>()
        .unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
    let fraction_digits = i64::try_from(fraction.len()).map_err(|_| NoInteger::TooLarge)?;
    let zeros = exponent.saturating_sub(fraction_digits);
    let length = i64::try_from(significant.len()).map_err(|_| NoInteger::TooLarge)?;
    let (kept, zeros) = match usize::try_from(zeros) {
        Ok(_) if length.saturating_add(zeros) > DIGITS_MAX => return Err(NoInteger::TooLarge),
        Ok(zeros) => (significant, zeros),
        // The last digits lie behind the point, so they have to be zeros.
        Err(_) => {
            let behind = usize::try_from(zeros.unsigned_abs()).unwrap_or(usize::MAX);
            let kept = significant.len().checked_sub(behind).ok_or(NoInteger::Fraction)?;
            let (kept, behind) = significant.split_at_checked(kept).unwrap_or((significant, ""));
            if behind.bytes().any(|digit| digit != b'0') || kept.is_empty() {
                return Err(NoInteger::Fraction);
            }
            (kept, 0)
        }
    };
    if i64::try_from(kept.len()).unwrap_or(i64::MAX) > DIGITS_MAX {
        return Err(NoInteger::TooLarge);
    }
    let value: i128 = [kept, &"0".repeat(zeros)]
        .concat()
        .parse()
        .map_err(|_| NoInteger::TooLarge)?;
    Ok(if is_negative { value.saturating_neg() } else { value })
}

/// Whether a text is a number as JSON writes them.
pub(super) fn is_number(text: &str) -> bool {
    integer(text) != Err(NoInteger::NoNumber)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_however_they_are_written() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("0.0e9", 0),
            ("-0.000E+5", 0),
            ("0e99999999999999999999", 0),
            ("7", 7),
            ("1.0", 1),
            ("1e3", 1_000),
            ("1E+3", 1_000),
            ("-1.5e1", -15),
            ("1500e-2", 15),
            ("10.50e1", 105),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9007199254740993.000000000000000000000000000", 9_007_199_254_740_993),
            ("9.007199254740993e15", 9_007_199_254_740_993),
            ("9223372036854775807.0", i128::from(i64::MAX)),
            ("-9223372036854775808", i128::from(i64::MIN)),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("99999999999999999999", 99_999_999_999_999_999_999),
        ] {
            assert_eq!(integer(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn nothing_is_rounded() {
        for text in [
            "1.5",
            "0.1",
            "1e-1",
            "9007199254740993.5",
            "15e-1",
            "1e-99999999999999999999",
            "0.00001e4",
        ] {
            assert_eq!(integer(text), Err(NoInteger::Fraction), "{text}");
        }
        for text in [
            "1e400",
            "1e20",
            "100000000000000000000",
            "1e99999999999999999999",
            "-1e30",
        ] {
            assert_eq!(integer(text), Err(NoInteger::TooLarge), "{text}");
        }
        for text in [
            "", "-", "+5", "05", "-05", "1.", ".5", "1e", "e3", "1e+", " 5", "5 ", "0x10", "1_000", "1,000", "NaN", "١",
        ] {
            assert_eq!(integer(text), Err(NoInteger::NoNumber), "{text}");
        }
    }
}
