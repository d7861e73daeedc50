use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone as Rules;
use kernel::Time;

/// A time zone by its IANA name: "Asia/Shanghai".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeZone(String);

/// The violation by a name that no zone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA name of a time zone, such as Asia/Shanghai or UTC")]
pub(crate) struct UnknownTimeZone;

impl Default for TimeZone {
    /// Where most brands are that use the platform. In UTC a day's orders would begin at eight in the morning, and nobody
    /// would notice.
    fn default() -> Self {
        Self("Asia/Shanghai".to_owned())
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    /// Reads a name in whichever case, and keeps it in its usual one.
    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        let rules = Rules::get(name).map_err(|_| UnknownTimeZone)?;
        match rules.iana_name() {
            Some(name) if !rules.is_unknown() => Ok(Self(name.to_owned())),
            Some(_) | None => Err(UnknownTimeZone),
        }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TimeZone {
    /// As it was kept: a name that was known once stays, whatever the database of zones knows now.
    pub(crate) fn kept(name: String) -> Self {
        Self(name)
    }

    /// The day in which a moment lies, counted from 1970-01-01, and when the next one begins. A zone that the database of
    /// zones no longer knows is UTC.
    pub(crate) fn day(&self, now: Time) -> (i64, Time) {
        let rules = Rules::get(&self.0).unwrap_or(Rules::UTC);
        let moment = Timestamp::from_microsecond(now.micros()).unwrap_or_default();
        let date = rules.to_datetime(moment).date();
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = epoch.until(date).map_or(0, |span| i64::from(span.get_days()));
        let next = date.tomorrow().and_then(|next| rules.to_timestamp(next.at(0, 0, 0, 0)));
        let next = next.map_or(now, |next| Time::from_micros(next.as_microsecond()));
        (days, next)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_zone_s_own_and_ends_at_its_midnight() {
        let time = |text: &str| Time::parse_rfc3339(text).unwrap();
        let shanghai = TimeZone::default();
        let before = shanghai.day(time("2026-01-01T15:59:59Z"));
        assert_eq!(before, (20_454, time("2026-01-01T16:00:00Z")));
        assert_eq!(shanghai.day(before.1), (20_455, time("2026-01-02T16:00:00Z")));
        let utc = TimeZone::kept("UTC".to_owned());
        assert_eq!(
            utc.day(time("2026-01-01T15:59:59Z")),
            (20_454, time("2026-01-02T00:00:00Z"))
        );
        // A day of 23 hours.
        let berlin = TimeZone::kept("Europe/Berlin".to_owned());
        assert_eq!(berlin.day(time("2026-03-29T00:00:00Z")).1, time("2026-03-29T22:00:00Z"));
        assert_eq!(
            TimeZone::kept("Gone/Away".to_owned())
                .day(time("2026-01-01T15:59:59Z"))
                .0,
            20_454
        );
    }

    #[test]
    fn a_zone_is_known_by_its_iana_name_and_by_nothing_else() {
        for (name, kept) in [
            ("Asia/Shanghai", "Asia/Shanghai"),
            ("asia/tokyo", "Asia/Tokyo"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(name.parse::<TimeZone>().unwrap().name(), kept);
        }
        for name in ["", "Asia/Shangai", "+08:00", "CST8", "Etc/Unknown", "../etc/localtime"] {
            assert_eq!(name.parse::<TimeZone>(), Err(UnknownTimeZone), "{name}");
        }
        let default = TimeZone::default();
        assert_eq!(default.name().parse(), Ok(default.clone()), "the default is a zone");
    }
}
