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
///
/// The contracts carry the years 1 to 9999 ([`Time::FIRST`] to [`Time::LAST`]), and so nothing else arrives
/// ([`Time::from_wire`]) and nothing else is computed: [`Time::checked_plus`] says where a moment would lie outside, for
/// all that is promised or stored, and must be refused; [`Time::plus`] and its like stop at the ends, which does for
/// horizons, deadlines of reads and the next turn of a worker. Only [`Time::from_micros`] takes a stored number as it is:
/// what an earlier version let in is found again by its own key, and is cut to the range where it leaves the process
/// ([`Time::to_wire`]), in that one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// After every other moment: what never ends ends here. It is no moment of the calendar, and nothing leads to it.
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 0001-01-01T00:00:00Z, the first moment that the contracts carry.
    pub const FIRST: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z, the last moment that the contracts carry.
    pub const LAST: Self = Self(253_402_300_799_999_999);
    /// 1990-01-01T00:00:00Z: nothing that a computer recorded when it happened is older.
    ///
    /// Programmes and tills that kept each member's purchases are hardly older, while what programs write where they have
    /// no time lies before it: the years 1 (.NET, Go, Java), 1753 (SQL Server), 1899 and 1900 (spreadsheets), 1904, 1970
    /// (Unix, in any time zone) and 1980 (FAT). Births are another matter.
    pub const RECORDS_BEGIN: Self = Self(631_152_000_000_000);

    /// 1900-01-01T00:00:00Z: nobody who lives was born before.
    ///
    /// The bound of moments that may be a birth, or lie in somebody's life. It cannot tell the later ones that programs write
    /// where they have no time, for people were born then, too.
    pub const BIRTHS_BEGIN: Self = Self(-2_208_988_800_000_000);

    /// The moment that is `micros` microseconds after 1970, wherever that is.
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

    /// The moment `days` days of 24 hours later, or earlier where they are negative; at the end of the range at the latest.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.moved(days.saturating_mul(MICROS_PER_DAY))
    }

    /// The moment `duration` later; at the end of the range at the latest.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.moved(micros_of(duration))
    }

    /// The moment `duration` earlier; at the beginning of the range at the earliest.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.moved(micros_of(duration).saturating_neg())
    }

    /// The moment `duration` later; none beyond the year 9999.
    #[must_use]
    pub fn checked_plus(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)?.in_range()
    }

    /// The moment `days` days of 24 hours later; none outside of the years 1 to 9999.
    #[must_use]
    pub fn checked_plus_days(self, days: i64) -> Option<Self> {
        let micros = days.checked_mul(MICROS_PER_DAY)?;
        self.0.checked_add(micros).map(Self)?.in_range()
    }

    /// This moment; none if it lies outside of the years 1 to 9999, which the contracts carry.
    #[must_use]
    pub fn in_range(self) -> Option<Self> {
        (Self::FIRST..=Self::LAST).contains(&self).then_some(self)
    }

    /// The moment `micros` later. What never ends still does not, and what was beyond the range before comes no further.
    fn moved(self, micros: i64) -> Self {
        if self == Self::MAX {
            return self;
        }
        let (first, last) = (Self::FIRST.min(self), Self::LAST.max(self));
        Self(self.0.saturating_add(micros)).clamp(first, last)
    }

    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as the contracts carry it; none if it is none: before the year 1, after the year 9999, or with nanoseconds
    /// that are less than none or more than a second.
    pub fn from_wire(wire: &prost_types::Timestamp) -> Option<Self> {
        let nanos = i64::from(wire.nanos);
        if !(0..1_000_000_000).contains(&nanos) {
            return None;
        }
        wire.seconds
            .checked_mul(MICROS_PER_SECOND)?
            .checked_add(nanos.checked_div(1_000)?)
            .map(Self)?
            .in_range()
    }

    /// The same, with the words of the refusal.
    pub fn parse(wire: &prost_types::Timestamp) -> Result<Self, TimeError> {
        Self::from_wire(wire).ok_or(TimeError::OutOfRange)
    }

    /// The moment at which something happened that was recorded then, see [`Time::RECORDS_BEGIN`].
    pub fn parse_recorded(wire: &prost_types::Timestamp) -> Result<Self, TimeError> {
        let time = Self::parse(wire)?;
        if time < Self::RECORDS_BEGIN {
            return Err(TimeError::BeforeRecords);
        }
        Ok(time)
    }

    /// A moment that may lie in the life of somebody who lives, see [`Time::BIRTHS_BEGIN`].
    pub fn parse_lived(wire: &prost_types::Timestamp) -> Result<Self, TimeError> {
        let time = Self::parse(wire)?;
        if time < Self::BIRTHS_BEGIN {
            return Err(TimeError::BeforeBirths);
        }
        Ok(time)
    }

    /// The moment of something that was recorded, as a fact or a row carries it. An earlier version may have recorded one that
    /// is none: it becomes the nearest, for what is recorded can be refused no more.
    pub fn from_record(wire: &prost_types::Timestamp) -> Self {
        let micros = wire.seconds.saturating_mul(MICROS_PER_SECOND);
        let rest = i64::from(wire.nanos).div_euclid(1_000);
        Self(micros.saturating_add(rest)).clamp(Self::FIRST, Self::LAST)
    }

    /// The moment as the contracts carry it. One that lies outside of the years 1 to 9999, which only an earlier version can
    /// have stored, becomes the nearest inside, so that every reader can read all that is stored.
    pub fn to_wire(self) -> prost_types::Timestamp {
        let Self(micros) = self.clamp(Self::FIRST, Self::LAST);
        let rest = micros.rem_euclid(MICROS_PER_SECOND);
        prost_types::Timestamp {
            seconds: micros.div_euclid(MICROS_PER_SECOND),
            nanos: i32::try_from(rest.saturating_mul(1_000)).unwrap_or(0),
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

    /// Reads RFC 3339, for example "2026-11-11T00:00:00+08:00"; none outside of the years 1 to 9999 in UTC.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .map(Self::from_datetime)?
            .in_range()
    }
}

/// Why a moment is refused where it arrives: see [`Time::parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is no moment that the contracts carry.
    #[error("{TIME_RANGE}")]
    OutOfRange,
    /// It cannot have happened then.
    #[error("{BEFORE_RECORDS}")]
    BeforeRecords,
    /// Nobody had been born who lives.
    #[error("{BEFORE_BIRTHS}")]
    BeforeBirths,
}

/// Why a moment is refused where it arrives.
pub const TIME_RANGE: &str = "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z";
/// Why something cannot have happened at a moment.
pub const BEFORE_RECORDS: &str = "must not be before 1990-01-01T00:00:00Z: programs write such a time where they have none, \
     nothing was recorded then";
/// Why a moment lies in nobody's life.
pub const BEFORE_BIRTHS: &str = "must not be before 1900-01-01T00:00:00Z: nobody who lives was born then, programs write \
     such a time where they have none";

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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

    proptest! {
        #[test]
        fn whatever_is_stored_the_wire_carries_a_time_of_its_range(micros: i64) {
            let wire = Time::from_micros(micros).to_wire();
            let text = wire.to_string();
            prop_assert_eq!(text.parse::<prost_types::Timestamp>().unwrap(), wire, "{}", text);
            prop_assert!(Time::from_wire(&wire).is_some());
            prop_assert_eq!(Time::from_wire(&wire), Some(Time::from_record(&wire)));
        }

        #[test]
        fn what_is_computed_of_a_time_in_the_range_is_in_the_range(
            micros in Time::FIRST.micros()..=Time::LAST.micros(), days: i64, seconds: u64,
        ) {
            let (time, duration) = (Time::from_micros(micros), Duration::from_secs(seconds));
            for moved in [time.plus_days(days), time.plus(duration), time.minus(duration)] {
                prop_assert_eq!(moved.in_range(), Some(moved));
            }
            for (checked, clamped) in [
                (time.checked_plus_days(days), time.plus_days(days)),
                (time.checked_plus(duration), time.plus(duration)),
            ] {
                prop_assert!(checked.map_or(clamped == Time::FIRST || clamped == Time::LAST, |it| it == clamped));
            }
        }
    }

    #[test]
    fn the_words_of_a_refusal_name_the_moments_that_are_taken_and_no_others() {
        let wire = |text: &str| text.parse::<prost_types::Timestamp>().unwrap();
        let named: Vec<&str> = TIME_RANGE.split(' ').filter(|word| word.ends_with('Z')).collect();
        let [first, last] = [wire(named[0]), wire(named[1])];
        assert_eq!(
            (Time::parse(&first), Time::parse(&last)),
            (Ok(Time::FIRST), Ok(Time::LAST))
        );
        let before = prost_types::Timestamp {
            seconds: first.seconds - 1,
            nanos: 999_999_999,
        };
        let after = prost_types::Timestamp {
            seconds: last.seconds + 1,
            nanos: 0,
        };
        assert_eq!(last.nanos, 999_999_999);
        for outside in [before, after] {
            assert_eq!(Time::parse(&outside), Err(TimeError::OutOfRange));
        }

        let named = BEFORE_RECORDS
            .split([' ', ';'])
            .find(|word| word.contains('Z'))
            .unwrap();
        let records_begin = wire(named.trim_end_matches(':'));
        assert_eq!(Time::parse_recorded(&records_begin), Ok(Time::RECORDS_BEGIN));
        let births_begin = Time::parse_rfc3339("1900-01-01T00:00:00Z").unwrap();
        assert_eq!(Time::parse_lived(&births_begin.to_wire()), Ok(Time::BIRTHS_BEGIN));
        let unborn = births_begin.minus(Duration::from_micros(1)).to_wire();
        assert_eq!(Time::parse_lived(&unborn), Err(TimeError::BeforeBirths));
        let before = Time::RECORDS_BEGIN.minus(Duration::from_micros(1)).to_wire();
        assert_eq!(Time::parse_recorded(&before), Err(TimeError::BeforeRecords));
        assert_eq!(Time::parse_recorded(&after), Err(TimeError::OutOfRange));
        assert_eq!(TimeError::OutOfRange.to_string(), TIME_RANGE);
        assert_eq!(TimeError::BeforeRecords.to_string(), BEFORE_RECORDS);
    }

    #[test]
    fn time_ends_where_the_contracts_end_and_never_is_apart() {
        assert_eq!(Time::parse_rfc3339("0001-01-01T00:00:00Z"), Some(Time::FIRST));
        assert_eq!(Time::parse_rfc3339("9999-12-31T23:59:59.999999Z"), Some(Time::LAST));
        assert_eq!(Time::parse_rfc3339("1990-01-01T00:00:00Z"), Some(Time::RECORDS_BEGIN));
        assert_eq!(Time::LAST.plus_days(1), Time::LAST);
        assert_eq!(Time::LAST.checked_plus(Duration::from_micros(1)), None);
        assert_eq!(Time::FIRST.checked_plus_days(-1), None);
        assert_eq!((Time::MAX.plus_days(-1), Time::MAX.in_range()), (Time::MAX, None));
        assert_eq!(Time::MAX.to_wire(), Time::LAST.to_wire());
        // An earlier version stored it: it neither moves on nor falls back.
        let stored = Time::from_micros(Time::LAST.micros() + 1);
        assert_eq!(stored.plus_days(1), stored);
    }

    #[test]
    fn what_is_no_time_does_not_arrive() {
        let wire = |seconds, nanos| Time::from_wire(&prost_types::Timestamp { seconds, nanos });
        assert_eq!(wire(253_402_300_799, 999_999_999), Some(Time::LAST));
        assert_eq!(wire(-62_135_596_800, 0), Some(Time::FIRST));
        for (seconds, nanos) in [
            (i64::MAX, 0),
            (i64::MIN, 0),
            (253_402_300_800, 0),
            (-62_135_596_801, 999_999_999),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            assert_eq!(wire(seconds, nanos), None, "{seconds} {nanos}");
            let recorded = Time::from_record(&prost_types::Timestamp { seconds, nanos });
            assert_eq!(recorded.in_range(), Some(recorded), "{seconds} {nanos}");
        }
    }
}
