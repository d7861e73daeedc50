use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A day's length.
pub const MICROS_PER_DAY: i64 = 24 * 60 * 60 * MICROS_PER_SECOND;
/// A second's length.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// A moment, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// It is stored as a 64-bit integer in both databases, so that comparing and indexing mean the same in both.
/// Arithmetic saturates at the ends of time, 290,000 years away, rather than wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// After every other moment; what never ends ends here.
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The moment that is `micros` microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment that is `seconds` seconds after 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Whole milliseconds since 1970, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The moment `days` days of 24 hours later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(MICROS_PER_DAY)))
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as the contracts carry it; none if it lies outside of what microseconds can count.
    pub fn from_wire(wire: &prost_types::Timestamp) -> Option<Self> {
        let nanos = i64::from(wire.nanos);
        if !(0..1_000_000_000).contains(&nanos) {
            return None;
        }
        wire.seconds
            .checked_mul(MICROS_PER_SECOND)?
            .checked_add(nanos.checked_div(1_000)?)
            .map(Self)
    }

    /// The moment as the contracts carry it.
    pub fn to_wire(self) -> prost_types::Timestamp {
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        prost_types::Timestamp {
            seconds: self.0.div_euclid(MICROS_PER_SECOND),
            nanos: i32::try_from(micros.saturating_mul(1_000)).unwrap_or(0),
        }
    }

    /// The moment as a date and a time of day in UTC; none beyond the year 9999.
    pub fn to_datetime(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0).checked_mul(1_000)?).ok()
    }

    /// The moment of a date and time of day, cut to microseconds.
    pub fn from_datetime(datetime: OffsetDateTime) -> Self {
        let micros = datetime.unix_timestamp_nanos().div_euclid(1_000);
        Self(i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Reads RFC 3339, for example "2026-11-11T00:00:00+08:00".
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from_datetime)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime().and_then(|datetime| datetime.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} us after 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wire_keeps_every_microsecond(micros in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            let time = Time::from_micros(micros);
            prop_assert_eq!(Time::from_wire(&time.to_wire()), Some(time));
            prop_assert_eq!(Time::parse_rfc3339(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn the_ends_of_time_saturate() {
        assert_eq!(Time::MAX.plus_days(1), Time::MAX);
        assert_eq!(
            Time::from_wire(&prost_types::Timestamp {
                seconds: i64::MAX,
                nanos: 0
            }),
            None
        );
        assert_eq!(Time::from_wire(&prost_types::Timestamp { seconds: 0, nanos: -1 }), None);
    }
}
