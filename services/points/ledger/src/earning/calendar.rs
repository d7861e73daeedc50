//! The parts of a moment in an asset's calendar, as rules and caps see them.

use kernel::{MICROS_PER_DAY, Time};
use time::{Date, Duration};

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MINUTES_PER_HOUR: i64 = 60;

/// A moment in a calendar that is so many minutes ahead of UTC.
pub(super) struct LocalTime {
    date: Date,
    minute_of_day: i64,
}

impl LocalTime {
    /// What lies outside of the calendar is counted to its first or last day.
    pub(super) fn of(time: Time, utc_offset_minutes: i32) -> Self {
        let offset = i64::from(utc_offset_minutes).saturating_mul(MICROS_PER_MINUTE);
        let local = time.micros().saturating_add(offset);
        let epoch = Date::from_calendar_date(1970, time::Month::January, 1).unwrap_or(Date::MIN);
        let date = epoch.saturating_add(Duration::days(local.div_euclid(MICROS_PER_DAY)));
        let minute_of_day = local.rem_euclid(MICROS_PER_DAY).div_euclid(MICROS_PER_MINUTE);
        Self { date, minute_of_day }
    }

    /// "2026-11-08".
    pub(super) fn day_name(&self) -> String {
        format!("{}-{:02}", self.month_name(), self.date.day())
    }

    /// "2026-11".
    pub(super) fn month_name(&self) -> String {
        format!("{:04}-{:02}", self.date.year(), u8::from(self.date.month()))
    }

    /// The facts that rules may use of it, by their names.
    pub(super) fn facts(&self) -> [(&'static str, i64); 6] {
        [
            ("time.year", self.date.year().into()),
            ("time.month", u8::from(self.date.month()).into()),
            ("time.day", self.date.day().into()),
            ("time.weekday", self.date.weekday().number_from_monday().into()),
            ("time.hour", self.minute_of_day.div_euclid(MINUTES_PER_HOUR)),
            ("time.minute", self.minute_of_day.rem_euclid(MINUTES_PER_HOUR)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_calendar() {
        // 2026-10-31 23:30 in Beijing, a Saturday.
        let time = Time::from_seconds(1_793_460_600);
        let beijing = LocalTime::of(time, 480);
        assert_eq!(
            (beijing.day_name().as_str(), beijing.month_name().as_str()),
            ("2026-10-31", "2026-10")
        );
        assert_eq!(beijing.facts().map(|(_, value)| value), [2026, 10, 31, 6, 23, 30]);
        let tokyo = LocalTime::of(time, 540);
        assert_eq!(tokyo.facts().map(|(_, value)| value), [2026, 11, 1, 7, 0, 30]);
        assert_eq!(LocalTime::of(Time::EPOCH, -1).day_name(), "1969-12-31");
    }
}
