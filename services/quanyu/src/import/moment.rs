//! Times as files have them.

use kernel::Time;
use time::macros::format_description;
use time::{Date, PrimitiveDateTime, Time as TimeOfDay};

/// Reads RFC 3339, "YYYY-MM-DD hh:mm:ss" or "YYYY-MM-DD"; the latter two are UTC.
pub(super) fn parse(text: &str) -> Option<Time> {
    let with_blank = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let date = format_description!("[year]-[month]-[day]");
    let at_midnight = |date: Date| date.with_time(TimeOfDay::MIDNIGHT);
    Time::parse_rfc3339(text).or_else(|| {
        let local = PrimitiveDateTime::parse(text, with_blank).or_else(|_| Date::parse(text, date).map(at_midnight));
        local.ok().map(|local| Time::from_datetime(local.assume_utc()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_are_read_and_nothing_else() {
        let noon = Time::parse_rfc3339("2026-01-31T12:00:00Z");
        assert_eq!(parse("2026-01-31T20:00:00+08:00"), noon);
        assert_eq!(parse("2026-01-31 12:00:00"), noon);
        assert_eq!(parse("2026-01-31"), Time::parse_rfc3339("2026-01-31T00:00:00Z"));
        for wrong in ["", "31.01.2026", "2026-02-30", "2026-01-31 25:00:00", "1769860800"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
