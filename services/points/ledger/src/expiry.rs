use std::fmt;
use std::str::FromStr;

use kernel::{MICROS_PER_DAY, Time};
use time::{Date, Month};

/// When a lot expires, in whole days of the asset's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpiryPolicy {
    /// It does not expire.
    Never,
    /// At the end of the Nth day after the day of the grant: never less than N times 24 hours.
    AfterDays(i32),
    /// At the end of the period that contains the day of the grant, moved on by months and then by days.
    PeriodEnd {
        /// The period.
        period: CalendarPeriod,
        /// By how many months the day is moved on.
        after_months: i32,
        /// By how many days it is moved on after that.
        after_days: i32,
    },
    /// At the end of this day.
    OnDate(Date),
    /// At the end of the Nth day after the account's last movement; its lots have no time of their own.
    AfterInactivity(i32),
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarPeriod {
    /// A month.
    Month,
    /// Three months, the first of which begins with the year.
    Quarter,
    /// A year.
    Year,
}

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MONTHS_PER_YEAR: i32 = 12;

impl ExpiryPolicy {
    /// When a lot expires that is granted at `grant`: [`Time::MAX`] where it never does, and none where it would after the
    /// year 9999, which neither the calendar nor the contract knows. That is no way of saying never.
    pub fn expire_time(&self, grant: Time, utc_offset_minutes: i32) -> Option<Time> {
        let end = match self {
            Self::Never | Self::AfterInactivity(_) => return Some(Time::MAX),
            Self::AfterDays(days) => return end_of_day_after(grant, i64::from(*days), utc_offset_minutes),
            Self::PeriodEnd {
                period,
                after_months,
                after_days,
            } => local_date(grant, utc_offset_minutes)
                .and_then(|day| plus_months(day, *after_months))
                .and_then(|day| day.checked_add(time::Duration::days(i64::from(*after_days))))
                .and_then(|day| last_day(*period, day)),
            Self::OnDate(day) => Some(*day),
        };
        end_of_day(end?, utc_offset_minutes)
    }
}

impl ExpiryPolicy {
    /// Whether it names a day of an impossible past, see [`Time::RECORDS_BEGIN`].
    pub fn is_before_records(&self) -> bool {
        match self {
            Self::OnDate(day) => Time::from_datetime(day.midnight().assume_utc()) < Time::RECORDS_BEGIN,
            Self::Never | Self::AfterDays(_) | Self::AfterInactivity(_) | Self::PeriodEnd { .. } => false,
        }
    }

    /// When an account that moves at `now` expires as a whole, if it does not move again.
    pub fn idle_time(&self, now: Time, utc_offset_minutes: i32) -> Option<Time> {
        match self {
            Self::AfterInactivity(days) => {
                // A clock that stands in the year 9999 has nothing to wait for beyond it.
                Some(end_of_day_after(now, i64::from(*days), utc_offset_minutes).unwrap_or(Time::LAST))
            }
            Self::Never | Self::AfterDays(_) | Self::PeriodEnd { .. } | Self::OnDate(_) => None,
        }
    }
}

impl fmt::Display for ExpiryPolicy {
    /// As the table keeps it: "never", "days 365", "month 0 0", "date 2026-12-31".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::AfterDays(days) => write!(f, "days {days}"),
            Self::AfterInactivity(days) => write!(f, "inactive {days}"),
            Self::PeriodEnd {
                period,
                after_months,
                after_days,
            } => {
                let period = match period {
                    CalendarPeriod::Month => "month",
                    CalendarPeriod::Quarter => "quarter",
                    CalendarPeriod::Year => "year",
                };
                write!(f, "{period} {after_months} {after_days}")
            }
            Self::OnDate(day) => {
                write!(
                    f,
                    "date {:04}-{:02}-{:02}",
                    day.year(),
                    u8::from(day.month()),
                    day.day()
                )
            }
        }
    }
}

impl FromStr for ExpiryPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("{text:?} is no expiry policy");
        let number = |word: &str| word.parse::<i32>().map_err(|_| unknown());
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["never"] => Ok(Self::Never),
            ["days", days] => Ok(Self::AfterDays(number(days)?)),
            ["inactive", days] => Ok(Self::AfterInactivity(number(days)?)),
            ["date", day] => parse_date(day).map(Self::OnDate).ok_or_else(unknown),
            [period, months, days] => {
                let period = match period {
                    "month" => CalendarPeriod::Month,
                    "quarter" => CalendarPeriod::Quarter,
                    "year" => CalendarPeriod::Year,
                    _ => return Err(unknown()),
                };
                Ok(Self::PeriodEnd {
                    period,
                    after_months: number(months)?,
                    after_days: number(days)?,
                })
            }
            _ => Err(unknown()),
        }
    }
}

/// The end of the day that is `days` days after the day of `time`, on a calendar `utc_offset_minutes` ahead of UTC; none
/// after the year 9999.
pub(crate) fn end_of_day_after(time: Time, days: i64, utc_offset_minutes: i32) -> Option<Time> {
    let offset = offset_micros(utc_offset_minutes);
    let local_day = time.micros().checked_add(offset)?.div_euclid(MICROS_PER_DAY);
    let midnight = local_day
        .checked_add(days)?
        .checked_add(1)?
        .checked_mul(MICROS_PER_DAY)?;
    Time::from_micros(midnight.checked_sub(offset)?).in_range()
}

/// Reads "YYYY-MM-DD".
pub fn parse_date(text: &str) -> Option<Date> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, format).ok()
}

fn end_of_day(day: Date, utc_offset_minutes: i32) -> Option<Time> {
    let midnight = Time::from_datetime(day.midnight().assume_utc()).micros();
    let end = midnight
        .checked_add(MICROS_PER_DAY)?
        .checked_sub(offset_micros(utc_offset_minutes))?;
    Time::from_micros(end).in_range()
}

fn local_date(time: Time, utc_offset_minutes: i32) -> Option<Date> {
    let local = time.micros().saturating_add(offset_micros(utc_offset_minutes));
    Time::from_micros(local).to_datetime().map(time::OffsetDateTime::date)
}

/// The same day `months` later; the 31st becomes the last day of a shorter month.
fn plus_months(day: Date, months: i32) -> Option<Date> {
    let since_january = i32::from(u8::from(day.month()))
        .saturating_sub(1)
        .saturating_add(months);
    let year = day.year().checked_add(since_january.div_euclid(MONTHS_PER_YEAR))?;
    let month = month(since_january.rem_euclid(MONTHS_PER_YEAR).saturating_add(1))?;
    Date::from_calendar_date(year, month, day.day().min(month.length(year))).ok()
}

fn last_day(period: CalendarPeriod, day: Date) -> Option<Date> {
    let number = i32::from(u8::from(day.month()));
    let last_month = match period {
        CalendarPeriod::Month => number,
        CalendarPeriod::Quarter => number.saturating_add(2).div_euclid(3).saturating_mul(3),
        CalendarPeriod::Year => MONTHS_PER_YEAR,
    };
    let month = month(last_month)?;
    Date::from_calendar_date(day.year(), month, month.length(day.year())).ok()
}

fn month(number: i32) -> Option<Month> {
    u8::try_from(number)
        .ok()
        .and_then(|number| Month::try_from(number).ok())
}

fn offset_micros(utc_offset_minutes: i32) -> i64 {
    i64::from(utc_offset_minutes).saturating_mul(MICROS_PER_MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEIJING: i32 = 480;

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    fn period(period: CalendarPeriod, after_months: i32, after_days: i32) -> ExpiryPolicy {
        ExpiryPolicy::PeriodEnd {
            period,
            after_months,
            after_days,
        }
    }

    #[test]
    fn lots_expire_at_the_end_of_a_day_of_the_asset_s_calendar() {
        use CalendarPeriod::{Month, Quarter, Year};
        // 23:30 in Beijing on 31 January is still the 31st there.
        let grant = time("2026-01-31T15:30:00Z");
        let table = [
            (ExpiryPolicy::Never, None),
            (ExpiryPolicy::AfterInactivity(30), None),
            (ExpiryPolicy::AfterDays(1), Some("2026-02-02T00:00:00+08:00")),
            (ExpiryPolicy::AfterDays(365), Some("2027-02-01T00:00:00+08:00")),
            (period(Month, 0, 0), Some("2026-02-01T00:00:00+08:00")),
            (period(Month, 1, 0), Some("2026-03-01T00:00:00+08:00")),
            (period(Month, 0, 1), Some("2026-03-01T00:00:00+08:00")),
            (period(Quarter, 0, 0), Some("2026-04-01T00:00:00+08:00")),
            (period(Quarter, 3, 0), Some("2026-07-01T00:00:00+08:00")),
            (period(Year, 0, 0), Some("2027-01-01T00:00:00+08:00")),
            (period(Year, 12, 0), Some("2028-01-01T00:00:00+08:00")),
            (period(Year, 0, 335), Some("2028-01-01T00:00:00+08:00")),
            (
                ExpiryPolicy::OnDate(parse_date("2026-12-31").unwrap()),
                Some("2027-01-01T00:00:00+08:00"),
            ),
        ];
        for (policy, expected) in table {
            let expected = expected.map_or(Time::MAX, time);
            assert_eq!(policy.expire_time(grant, BEIJING), Some(expected), "{policy:?}");
            assert_eq!(policy.to_string().parse(), Ok(policy), "the table keeps it whole");
        }
    }

    #[test]
    fn the_offset_decides_which_day_it_is() {
        let grant = time("2026-01-31T16:30:00Z");
        let month_end = period(CalendarPeriod::Month, 0, 0);
        let expire_time = |offset| month_end.expire_time(grant, offset);
        assert_eq!(expire_time(0), Some(time("2026-02-01T00:00:00Z")));
        assert_eq!(expire_time(BEIJING), Some(time("2026-03-01T00:00:00+08:00")));
    }

    #[test]
    fn a_leap_day_is_a_day() {
        let policy = period(CalendarPeriod::Month, 1, 0);
        assert_eq!(
            policy.expire_time(time("2028-01-31T12:00:00Z"), 0),
            Some(time("2028-03-01T00:00:00Z"))
        );
    }

    #[test]
    fn what_would_expire_after_the_year_9999_has_no_time_and_is_not_taken_for_what_never_does() {
        use CalendarPeriod::{Month, Year};
        let last_day = ExpiryPolicy::OnDate(parse_date("9999-12-31").unwrap());
        let now = time("2026-01-01T00:00:00Z");
        assert_eq!(
            (last_day.expire_time(now, 0), last_day.expire_time(now, -1)),
            (None, None)
        );
        assert_eq!(last_day.expire_time(now, BEIJING), Some(time("9999-12-31T16:00:00Z")));
        let late = time("9999-06-01T00:00:00Z");
        for policy in [
            ExpiryPolicy::AfterDays(365),
            period(Month, 7, 0),
            period(Month, 0, 365),
            period(Year, 0, 0),
        ] {
            assert_eq!(policy.expire_time(late, 0), None, "{policy:?}");
        }
        assert_eq!(
            ExpiryPolicy::AfterDays(30).expire_time(late, 0),
            Some(time("9999-07-02T00:00:00Z"))
        );
        assert_eq!(ExpiryPolicy::Never.expire_time(Time::LAST, 0), Some(Time::MAX));
    }

    proptest! {
        #[test]
        fn of_any_policy_and_grant_the_contract_carries_the_time_or_there_is_none(
            grant in Time::FIRST.micros()..=Time::LAST.micros(),
            offset in -840..=840_i32,
            months in 0..=1_200_i32,
            days in 0..=36_600_i32,
            julian in time::Date::MIN.to_julian_day()..=time::Date::MAX.to_julian_day(),
        ) {
            use CalendarPeriod::{Month, Quarter, Year};
            let grant = Time::from_micros(grant);
            let on_date = ExpiryPolicy::OnDate(Date::from_julian_day(julian).unwrap());
            let periods = [Month, Quarter, Year].map(|of| period(of, months, days));
            for policy in periods.into_iter().chain([ExpiryPolicy::AfterDays(days), on_date.clone()]) {
                let expire_time = policy.expire_time(grant, offset);
                prop_assert_eq!(expire_time.and_then(Time::in_range), expire_time);
                let after = expire_time.is_none_or(|time| policy == on_date || time > grant);
                prop_assert!(after, "{:?}", policy);
            }
        }
    }

    #[test]
    fn dates_are_checked_against_the_calendar() {
        assert_eq!(parse_date("2026-02-30"), None);
        assert!(parse_date("2028-02-29").is_some());
    }
}
