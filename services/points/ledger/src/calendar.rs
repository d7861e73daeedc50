use std::fmt;

use kernel::Time;
use time::{Date, Month};

const MICROS_PER_MINUTE: i64 = 60_000_000;
/// The beginning of the year 10000.
const YEAR_10000: i64 = 253_402_300_800_000_000;
const MONTHS_PER_YEAR: i32 = 12;

/// A month of an asset's calendar, by its number: January of the year 0 is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarMonth(i32);

impl CalendarMonth {
    /// After every other month: what never happens happens then.
    pub const NEVER: Self = Self(i32::MAX);

    /// All months, from the first to what never happens.
    pub const ALL: (Self, Self) = (Self(i32::MIN), Self::NEVER);

    /// Reads "2026-02".
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let month: u8 = month.parse().ok()?;
        Month::try_from(month).ok()?;
        let years = year.parse::<u16>().ok()?;
        let months = i32::from(years).saturating_mul(MONTHS_PER_YEAR);
        Some(Self(months.saturating_add(i32::from(month)).saturating_sub(1)))
    }

    /// The month of a moment; [`Self::NEVER`] beyond the year 9999.
    pub fn of(time: Time, utc_offset_minutes: i32) -> Self {
        let local = time.micros().saturating_add(offset_micros(utc_offset_minutes));
        Time::from_micros(local).to_datetime().map_or(Self::NEVER, |local| {
            let years = local.year().saturating_mul(MONTHS_PER_YEAR);
            Self(
                years
                    .saturating_add(i32::from(u8::from(local.month())))
                    .saturating_sub(1),
            )
        })
    }

    /// The month in which a lot expires. One that expires with the end of a month expires in that month, not in the next,
    /// of which it is the first moment.
    pub fn of_expiry(expire_time: Time, utc_offset_minutes: i32) -> Self {
        if expire_time == Time::MAX {
            return Self::NEVER;
        }
        let last_moment = Time::from_micros(expire_time.micros().saturating_sub(1));
        Self::of(last_moment, utc_offset_minutes)
    }

    /// The month of a number, as the table keeps it.
    pub fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The month `months` later.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Its first moment; [`Time::MAX`] beyond the year 9999.
    pub fn start(self, utc_offset_minutes: i32) -> Time {
        self.first_day().map_or(Time::MAX, |day| {
            let midnight = Time::from_datetime(day.midnight().assume_utc());
            Time::from_micros(midnight.micros().saturating_sub(offset_micros(utc_offset_minutes)))
        })
    }

    /// From its first moment until after its last one. What lies beyond the year 9999 never happens, as in [`Self::of`].
    pub fn bounds(self, utc_offset_minutes: i32) -> (Time, Time) {
        let never = Time::from_micros(YEAR_10000.saturating_sub(offset_micros(utc_offset_minutes)));
        if self == Self::NEVER {
            return (never, Time::MAX);
        }
        let end = self.plus(1).start(utc_offset_minutes).min(never);
        (self.start(utc_offset_minutes), end)
    }

    fn first_day(self) -> Option<Date> {
        let year = self.0.div_euclid(MONTHS_PER_YEAR);
        let month = u8::try_from(self.0.rem_euclid(MONTHS_PER_YEAR).saturating_add(1)).ok()?;
        Date::from_calendar_date(year, Month::try_from(month).ok()?, 1).ok()
    }
}

impl fmt::Display for CalendarMonth {
    /// "2026-02"; nothing for what never happens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_day() {
            Some(day) => write!(f, "{:04}-{:02}", day.year(), u8::from(day.month())),
            None => Ok(()),
        }
    }
}

fn offset_micros(utc_offset_minutes: i32) -> i64 {
    i64::from(utc_offset_minutes).saturating_mul(MICROS_PER_MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEIJING: i32 = 480;

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_moment_is_in_the_month_of_its_calendar() {
        let midnight = time("2026-03-01T00:00:00+08:00");
        assert_eq!(CalendarMonth::of(midnight, BEIJING).to_string(), "2026-03");
        assert_eq!(CalendarMonth::of(midnight, 0).to_string(), "2026-02");
        assert_eq!(CalendarMonth::of_expiry(midnight, BEIJING).to_string(), "2026-02");
        assert_eq!(CalendarMonth::of_expiry(Time::MAX, BEIJING), CalendarMonth::NEVER);
        assert_eq!(CalendarMonth::NEVER.to_string(), "");
    }

    #[test]
    fn months_follow_each_other_over_the_end_of_a_year() {
        let december = CalendarMonth::of(time("2026-12-31T12:00:00Z"), 0);
        assert_eq!(december.plus(1).to_string(), "2027-01");
        assert_eq!(december.plus(1).start(BEIJING), time("2027-01-01T00:00:00+08:00"));
        assert_eq!(CalendarMonth::from_number(december.number()), december);
        assert_eq!(CalendarMonth::parse("2026-12"), Some(december));
        assert_eq!(
            (CalendarMonth::parse("2026-13"), CalendarMonth::parse("2026")),
            (None, None)
        );
        assert!(december < december.plus(1) && december.plus(1) < CalendarMonth::NEVER);
        assert_eq!(CalendarMonth::NEVER.start(0), Time::MAX);
    }

    #[test]
    fn the_bounds_of_a_month_hold_what_is_in_it_and_nothing_else() {
        let one = |time: Time, micros: i64| Time::from_micros(time.micros() + micros);
        for offset in [0, BEIJING, -720] {
            for month in ["2026-01", "2026-12", "9999-12"].map(|text| CalendarMonth::parse(text).unwrap()) {
                let (start, end) = month.bounds(offset);
                assert_eq!(CalendarMonth::of(start, offset), month);
                assert_eq!(CalendarMonth::of(one(end, -1), offset), month);
                assert_ne!(CalendarMonth::of(one(start, -1), offset), month);
                assert_ne!(CalendarMonth::of(end, offset), month);
            }
            let (start, end) = CalendarMonth::NEVER.bounds(offset);
            assert_eq!(CalendarMonth::of(start, offset), CalendarMonth::NEVER);
            assert_ne!(CalendarMonth::of(one(start, -1), offset), CalendarMonth::NEVER);
            assert_eq!(end, Time::MAX);
        }
    }
}
