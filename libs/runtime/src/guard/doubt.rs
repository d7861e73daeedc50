use std::fmt;
use std::time::Duration;

use kernel::{Clock, Time};
use store::LastSeen;

/// How long a platform may have stood still: longer than any holiday. A clock that is wrong is wrong by months or years, as a
/// rule, or by hours, which nothing tells from a stop.
pub const STOP_MAX: Duration = Duration::from_hours(14 * 24);
/// How far clocks may be apart: the process's and the database's, or the process's and what it showed before.
pub const APART_MAX: Duration = Duration::from_mins(5);

/// Why a clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Long after the service was last seen at work.
    Ahead {
        /// When that was.
        seen_time: Time,
        /// What the clock shows.
        now: Time,
    },
    /// Before the service was last seen at work.
    Behind {
        /// When that was.
        seen_time: Time,
        /// What the clock shows.
        now: Time,
    },
    /// The database's clock shows another time.
    Apart {
        /// What it shows.
        database_time: Time,
        /// What the process's own shows.
        now: Time,
    },
    /// It has leapt while the process was running.
    Leapt {
        /// What it would show.
        expected: Time,
        /// What it shows.
        now: Time,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead { seen_time, now } => write!(
                f,
                "the clock shows {now}, and the service was last seen at work at {seen_time}, more than 14 days before"
            ),
            Self::Behind { seen_time, now } => {
                write!(
                    f,
                    "the clock shows {now}, and the service was seen at work at {seen_time}, which is later"
                )
            }
            Self::Apart { database_time, now } => {
                write!(f, "the clock shows {now}, and that of the database {database_time}")
            }
            Self::Leapt { expected, now } => {
                write!(
                    f,
                    "the clock has leapt: it shows {now}, where it would have been {expected}"
                )
            }
        }
    }
}

impl Doubt {
    /// What somebody does about a doubt of whatever kind.
    pub const REMEDY: &str = "set the clock right, and the work goes on by itself; if it is right, say so on that machine: \
         quanyu clock accept --today YYYY-MM-DD";

    /// Why a clock that shows `now` is not believed; none where it is.
    pub fn of(seen: &LastSeen, now: Time) -> Option<Self> {
        if let Some(database_time) = seen.database_time
            && apart(database_time, now) > APART_MAX
        {
            return Some(Self::Apart { database_time, now });
        }
        let seen_time = seen.seen_time?;
        if now.since(seen_time) > STOP_MAX {
            return Some(Self::Ahead { seen_time, now });
        }
        (seen_time.since(now) > APART_MAX).then_some(Self::Behind { seen_time, now })
    }

    /// What somebody does about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Apart { .. } => "set the clock that is wrong; the work goes on by itself",
            Self::Ahead { .. } | Self::Behind { .. } | Self::Leapt { .. } => Self::REMEDY,
        }
    }
}

/// How far two moments are apart.
fn apart(one: Time, other: Time) -> Duration {
    one.since(other).max(other.since(one))
}

/// What a clock showed, at a moment of the machine's steady clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Witness {
    pub(super) time: Time,
    pub(super) steady: Duration,
}

impl Witness {
    /// What a clock shows.
    pub(super) fn of(clock: &Clock) -> Self {
        Self {
            time: clock.now(),
            steady: clock.steady(),
        }
    }

    /// How the clock has leapt until now, if it has.
    pub(super) fn leap_to(self, here: Self) -> Option<Doubt> {
        let expected = self.time.plus(here.steady.saturating_sub(self.steady));
        let now = here.time;
        (apart(expected, now) > APART_MAX).then_some(Doubt::Leapt { expected, now })
    }
}

/// Why a clock is not believed by a process that has believed it before, or not yet.
pub(super) fn judge(seen: &LastSeen, own: Option<Witness>, here: Witness) -> Option<Doubt> {
    let Some(own) = own else {
        return Doubt::of(seen, here.time);
    };
    if let Some(leap) = own.leap_to(here) {
        return Doubt::of(seen, here.time).or(Some(leap));
    }
    // The process was there all the time, whatever the database has heard of it, and though the machine may have slept.
    let seen = LastSeen {
        seen_time: seen.seen_time.max(Some(here.time)),
        ..seen.clone()
    };
    Doubt::of(&seen, here.time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn a_stop_of_two_weeks_is_a_holiday_and_a_longer_one_is_asked_about() {
        let seen_time = Time::from_seconds(1_800_000_000);
        let seen = LastSeen {
            seen_time: Some(seen_time),
            ..LastSeen::default()
        };
        for (days, is_doubted) in [(0, false), (9, false), (14, false), (15, true), (365, true)] {
            let now = seen_time.plus(DAY * days);
            let doubt = Doubt::of(&seen, now);
            let expected = is_doubted.then_some(Doubt::Ahead { seen_time, now });
            assert_eq!(doubt, expected, "{days} days");
        }
        for (seconds, is_doubted) in [(60, false), (300, false), (301, true), (31_536_000, true)] {
            let now = seen_time.minus(Duration::from_secs(seconds));
            assert_eq!(Doubt::of(&seen, now).is_some(), is_doubted, "{seconds} s before");
        }
        assert_eq!(
            Doubt::of(&LastSeen::default(), seen_time),
            None,
            "nobody was there before"
        );
    }

    #[test]
    fn a_database_whose_clock_shows_another_time_is_a_witness() {
        let now = Time::from_seconds(1_800_000_000);
        for (seconds, is_doubted) in [(0, false), (299, false), (301, true), (8 * 3_600, true)] {
            let seen = LastSeen {
                database_time: Some(now.minus(Duration::from_secs(seconds))),
                seen_time: Some(now),
                ..LastSeen::default()
            };
            assert_eq!(Doubt::of(&seen, now).is_some(), is_doubted, "{seconds} s apart");
        }
    }

    /// What the process's own clock showed so many seconds after it was believed, and how long that was by the steady clock.
    fn later(own: Witness, by_clock: Duration, by_steady: Duration) -> Witness {
        Witness {
            time: own.time.plus(by_clock),
            steady: own.steady + by_steady,
        }
    }

    #[test]
    fn a_machine_that_was_asleep_for_weeks_has_not_leapt_and_one_whose_clock_was_set_has() {
        let own = Witness {
            time: Time::from_seconds(1_800_000_000),
            steady: Duration::from_secs(500),
        };
        let seen = LastSeen {
            seen_time: Some(own.time),
            ..LastSeen::default()
        };
        assert_eq!(judge(&seen, Some(own), later(own, DAY * 20, DAY * 20)), None);
        for (by_clock, by_steady, is_doubted) in [
            (300, 0, false),
            (301, 0, true),
            (0, 300, false),
            (0, 301, true),
            (3 * 86_400, 60, true),
            (60, 3 * 86_400, true),
        ] {
            let here = later(own, Duration::from_secs(by_clock), Duration::from_secs(by_steady));
            let doubt = judge(&seen, Some(own), here);
            assert_eq!(
                matches!(doubt, Some(Doubt::Leapt { .. })),
                is_doubted,
                "{by_clock} s by the clock, {by_steady} s by the other: {doubt:?}"
            );
        }
        let witnessed = LastSeen {
            seen_time: Some(own.time.plus(DAY)),
            ..LastSeen::default()
        };
        let doubt = judge(&witnessed, Some(own), later(own, DAY / 2, DAY / 2));
        assert!(
            matches!(doubt, Some(Doubt::Behind { .. })),
            "another replica is ahead: {doubt:?}"
        );
    }
}
