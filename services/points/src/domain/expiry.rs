use std::fmt;
use std::str::FromStr;

use kernel::{MICROS_PER_DAY, Time};
use time::{Date, Month};

/// When a lot expires, in whole days of the asset's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpiryPolicy {
    Never,
    /// At the end of the Nth day after the day of the grant: never less than N times 24 hours.
    AfterDays(i32),
    /// At the end of the period that contains the day of the grant, moved on by months and then by days.
    PeriodEnd {
        period: CalendarPeriod,
        after_months: i32,
        after_days: i32,
    },
    /// At the end of this day.
    OnDate(Date),
    /// At the end of the Nth day after the account's last movement; its lots have no time of their own.
    AfterInactivity(i32),
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalendarPeriod {
    Month,
    Quarter,
    Year,
}

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MONTHS_PER_YEAR: i32 = 12;

impl ExpiryPolicy {
    /// When a lot expires that is granted at `grant`; [`Time::MAX`] where it never does, or not before the calendar ends.
    pub(crate) fn expire_time(&self, grant: Time, utc_offset_minutes: i32) -> Time {
        let end = match self {
            Self::Never | Self::AfterInactivity(_) => None,
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
        end.map_or(Time::MAX, |day| end_of_day(day, utc_offset_minutes))
    }
}

impl ExpiryPolicy {
    /// When an account that moves at `now` expires as a whole, if it does not move again.
    pub(crate) fn idle_time(&self, now: Time, utc_offset_minutes: i32) -> Option<Time> {
        match self {
            Self::AfterInactivity(days) => Some(end_of_day_after(now, i64::from(*days), utc_offset_minutes)),
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

/// The end of the day that is `days` days after the day of `time`, on a calendar `utc_offset_minutes` ahead of UTC.
pub(crate) fn end_of_day_after(time: Time, days: i64, utc_offset_minutes: i32) -> Time {
    let offset = offset_micros(utc_offset_minutes);
    let local_day = time.micros().saturating_add(offset).div_euclid(MICROS_PER_DAY);
    let midnight = local_day
        .saturating_add(days)
        .saturating_add(1)
        .saturating_mul(MICROS_PER_DAY);
    Time::from_micros(midnight.saturating_sub(offset))
}

/// Reads "YYYY-MM-DD".
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, format).ok()
}

fn end_of_day(day: Date, utc_offset_minutes: i32) -> Time {
    let midnight = Time::from_datetime(day.midnight().assume_utc()).plus_days(1);
    Time::from_micros(midnight.micros().saturating_sub(offset_micros(utc_offset_minutes)))
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
            assert_eq!(policy.expire_time(grant, BEIJING), expected, "{policy:?}");
            assert_eq!(policy.to_string().parse(), Ok(policy), "the table keeps it whole");
        }
    }

    #[test]
    fn the_offset_decides_which_day_it_is() {
        let grant = time("2026-01-31T16:30:00Z");
        let month_end = period(CalendarPeriod::Month, 0, 0);
        assert_eq!(month_end.expire_time(grant, 0), time("2026-02-01T00:00:00Z"));
        assert_eq!(month_end.expire_time(grant, BEIJING), time("2026-03-01T00:00:00+08:00"));
    }

    #[test]
    fn a_leap_day_is_a_day() {
        let policy = period(CalendarPeriod::Month, 1, 0);
        assert_eq!(
            policy.expire_time(time("2028-01-31T12:00:00Z"), 0),
            time("2028-03-01T00:00:00Z")
        );
    }

    #[test]
    fn dates_are_checked_against_the_calendar() {
        assert_eq!(parse_date("2026-02-30"), None);
        assert!(parse_date("2028-02-29").is_some());
    }
}
