//! Moments and lengths of time as rules see them.
//!
//! Every accessor is told its offset from UTC: "Saturday" means nothing without one, and a default would be wrong for
//! somebody. The numbering is CEL's: months, days of the month and days of the year count from 0, `getDate` from 1,
//! Sunday is 0.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimePart {
    Year,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DurationPart {
    Hours,
    Minutes,
    Seconds,
}

impl TimePart {
    pub(crate) fn named(function: &str) -> Option<Self> {
        Some(match function {
            "getFullYear" => Self::Year,
            "getMonth" => Self::Month,
            "getDate" => Self::Date,
            "getDayOfMonth" => Self::DayOfMonth,
            "getDayOfWeek" => Self::DayOfWeek,
            "getDayOfYear" => Self::DayOfYear,
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            _ => return None,
        })
    }

    /// This part of a moment, at an offset from UTC; nothing outside of the years that have a calendar.
    pub(crate) fn of(self, micros: i64, offset_micros: i64) -> Option<i64> {
        let local = i128::from(micros.checked_add(offset_micros)?).checked_mul(1_000)?;
        let local = OffsetDateTime::from_unix_timestamp_nanos(local).ok()?;
        Some(match self {
            Self::Year => local.year().into(),
            Self::Month => i64::from(u8::from(local.month())).checked_sub(1)?,
            Self::Date => local.day().into(),
            Self::DayOfMonth => i64::from(local.day()).checked_sub(1)?,
            Self::DayOfWeek => local.weekday().number_days_from_sunday().into(),
            Self::DayOfYear => i64::from(local.ordinal()).checked_sub(1)?,
            Self::Hours => local.hour().into(),
            Self::Minutes => local.minute().into(),
            Self::Seconds => local.second().into(),
        })
    }
}

impl DurationPart {
    pub(crate) fn named(function: &str) -> Option<Self> {
        Some(match function {
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            _ => return None,
        })
    }

    /// The whole length in this unit, towards zero.
    pub(crate) fn of(self, micros: i64) -> Option<i64> {
        match self {
            Self::Hours => micros.checked_div(HOUR),
            Self::Minutes => micros.checked_div(MINUTE),
            Self::Seconds => micros.checked_div(SECOND),
        }
    }
}

/// `+08:00` or `UTC`, in microseconds.
pub(crate) fn parse_offset(text: &str) -> Option<i64> {
    if text == "UTC" {
        return Some(0);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(two_digits(hours) && two_digits(minutes)) {
        return None;
    }
    let (hours, minutes): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = UtcOffset::from_hms(hours, minutes, 0).ok()?;
    let micros = i64::from(offset.whole_seconds()).checked_mul(SECOND)?;
    match text.as_bytes().first()? {
        b'+' => Some(micros),
        b'-' => micros.checked_neg(),
        _ => None,
    }
}

/// `2026-01-31T00:00:00+08:00`, in microseconds since 1970 UTC.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).ok()
}

/// `720h`, `1h30m`, `-10s` or `500ms`, in microseconds.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let unit = match unit {
            "h" => HOUR,
            "m" => MINUTE,
            "s" => SECOND,
            "ms" => 1_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = tail;
    }
    if negative { total.checked_neg() } else { Some(total) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_parts_of_a_moment_depend_on_the_offset() {
        let new_year = parse_timestamp("2026-12-31T20:00:00Z").unwrap();
        let shanghai = parse_offset("+08:00").unwrap();
        assert_eq!(TimePart::Year.of(new_year, 0), Some(2026));
        assert_eq!(TimePart::Year.of(new_year, shanghai), Some(2027));
        assert_eq!(TimePart::Hours.of(new_year, shanghai), Some(4));
        assert_eq!(TimePart::DayOfYear.of(new_year, shanghai), Some(0));
        assert_eq!(
            TimePart::DayOfWeek.of(new_year, shanghai),
            Some(5),
            "1 January 2027 is a Friday"
        );
        assert_eq!(TimePart::Year.of(i64::MAX, 0), None);
    }

    #[test]
    fn lengths_and_offsets_are_read() {
        assert_eq!(parse_duration("1h30m"), Some(90 * MINUTE));
        assert_eq!(parse_duration("-500ms"), Some(-500_000));
        for malformed in ["", "-", "h", "5", "5d", "1.5h", "9223372036854775807h", "5é"] {
            assert_eq!(parse_duration(malformed), None, "{malformed}");
        }
        assert_eq!(parse_offset("-05:30"), Some(-(5 * HOUR + 30 * MINUTE)));
        for malformed in [
            "",
            "+8",
            "8:00",
            "+08:0",
            "+99:00",
            "+08:60",
            "é8:00",
            "*08:00",
            "Asia/Shanghai",
        ] {
            assert_eq!(parse_offset(malformed), None, "{malformed}");
        }
    }
}
