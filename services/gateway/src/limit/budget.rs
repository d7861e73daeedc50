//! What a caller's budget grants: pure.

use std::time::Duration;

use kernel::Time;

use super::RequestLimits;

/// One request, as the budget counts: in millionths, so that it also fills by less than one.
const REQUEST: i64 = 1_000_000;
/// The part of a second's worth that a replica takes at a time.
const PARTS_OF_A_SECOND: u32 = 10;
/// The part of a day's worth that it takes at a time where there is no rate, and the most.
const PARTS_OF_A_DAY: u64 = 1_000;
const OF_A_DAY_MAX: u64 = 100;

/// A caller's budget, as its row has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// What is left of the burst, in millionths of a request.
    pub(crate) left: i64,
    /// When it was filled up to that.
    pub(crate) fill_time: Time,
    /// The day that is counted.
    pub(crate) day: i64,
    /// How many requests were granted on it.
    pub(crate) day_count: i64,
}

/// What was asked of a budget, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) now: Time,
    /// The tenant's day, and when the next one begins.
    pub(crate) day: (i64, Time),
    /// How many of the requests granted before were not made.
    pub(crate) returned: u32,
}

/// What a budget grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granted {
    /// So many requests.
    Requests(u32),
    /// None for now: too many a second.
    NoneFor(Duration),
    /// None today.
    NoneToday(Duration),
}

impl Budget {
    /// A budget of which nothing was used.
    pub(crate) fn full(limits: RequestLimits, now: Time, day: i64) -> Self {
        Self {
            left: burst(limits).saturating_mul(REQUEST),
            fill_time: now,
            day,
            day_count: 0,
        }
    }

    /// Decides how many requests are granted, and what is left.
    pub(crate) fn grant(self, limits: RequestLimits, asked: Asked) -> (Self, Granted) {
        let filled = self.filled(limits, asked);
        let (of_rate, of_day) = (filled.of_rate(limits), filled.of_day(limits));
        let granted = u32::try_from(of_rate.min(of_day).min(wanted(limits)).max(0)).unwrap_or(0);
        let after = Self {
            // Without a rate nothing fills, and nothing is taken.
            left: filled
                .left
                .saturating_sub(i64::from(granted).saturating_mul(REQUEST))
                .max(0),
            day_count: filled.day_count.saturating_add(i64::from(granted)),
            ..filled
        };
        let told = match granted {
            0 if of_day <= 0 => Granted::NoneToday(asked.day.1.since(asked.now)),
            0 => Granted::NoneFor(filled.pause(limits)),
            granted => Granted::Requests(granted),
        };
        (after, told)
    }

    /// The budget as it has filled since, with what was given back. A clock that goes back fills nothing.
    fn filled(self, limits: RequestLimits, asked: Asked) -> Self {
        let returned = i64::from(asked.returned);
        let micros = i64::try_from(asked.now.since(self.fill_time).as_micros()).unwrap_or(i64::MAX);
        // A microsecond fills a millionth of the rate.
        let gained = micros.saturating_mul(i64::from(limits.per_second));
        let left = self
            .left
            .saturating_add(gained)
            .saturating_add(returned.saturating_mul(REQUEST));
        let is_same_day = self.day == asked.day.0;
        Self {
            left: left.min(burst(limits).saturating_mul(REQUEST)),
            fill_time: self.fill_time.max(asked.now),
            day: asked.day.0,
            // What was granted yesterday and comes back today was yesterday's.
            day_count: if is_same_day {
                self.day_count.saturating_sub(returned).max(0)
            } else {
                0
            },
        }
    }

    fn of_rate(self, limits: RequestLimits) -> i64 {
        match limits.per_second {
            0 => i64::MAX,
            _ => self.left.div_euclid(REQUEST),
        }
    }

    fn of_day(self, limits: RequestLimits) -> i64 {
        match limits.per_day {
            0 => i64::MAX,
            most => i64::try_from(most).unwrap_or(i64::MAX).saturating_sub(self.day_count),
        }
    }

    /// How long it takes until there is one request again.
    fn pause(self, limits: RequestLimits) -> Duration {
        let lacking = u64::try_from(REQUEST.saturating_sub(self.left)).unwrap_or(0);
        let rate = u64::from(limits.per_second.max(1));
        Duration::from_micros(lacking.div_ceil(rate))
    }
}

fn burst(limits: RequestLimits) -> i64 {
    i64::from(if limits.burst == 0 {
        limits.per_second
    } else {
        limits.burst
    })
}

/// How many requests a replica takes at a time.
fn wanted(limits: RequestLimits) -> i64 {
    match limits.per_second {
        0 => i64::try_from((limits.per_day / PARTS_OF_A_DAY).clamp(1, OF_A_DAY_MAX)).unwrap_or(1),
        rate => i64::from((rate / PARTS_OF_A_SECOND).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_seconds(1_000_000);
    const LIMITS: RequestLimits = RequestLimits {
        per_second: 20,
        burst: 50,
        per_day: 0,
    };

    fn asked(micros: u64) -> Asked {
        let now = NOW.plus(Duration::from_micros(micros));
        Asked {
            now,
            day: (11, NOW.plus(Duration::from_hours(1))),
            returned: 0,
        }
    }

    /// How many are granted until there are none, and what is told then.
    fn all(budget: &mut Budget, limits: RequestLimits, mut asked: Asked) -> (u32, Granted) {
        let mut sum = 0;
        loop {
            let (after, granted) = budget.grant(limits, asked);
            *budget = after;
            asked.returned = 0;
            match granted {
                Granted::Requests(number) => sum += number,
                none => return (sum, none),
            }
        }
    }

    #[test]
    fn a_burst_is_granted_and_then_the_rate() {
        let mut budget = Budget::full(LIMITS, NOW, 11);
        assert_eq!(
            all(&mut budget, LIMITS, asked(0)),
            (50, Granted::NoneFor(Duration::from_millis(50)))
        );
        assert_eq!(all(&mut budget, LIMITS, asked(49_999)).0, 0);
        assert_eq!(all(&mut budget, LIMITS, asked(50_000)).0, 1);
        assert_eq!(all(&mut budget, LIMITS, asked(1_050_000)).0, 20);
        // A long pause fills the burst, and no more.
        assert_eq!(all(&mut budget, LIMITS, asked(3_600_000_000)).0, 50);
    }

    #[test]
    fn a_replica_takes_a_tenth_of_a_second_at_a_time_and_gives_back_what_is_left() {
        let budget = Budget::full(LIMITS, NOW, 11);
        let (after, granted) = budget.grant(LIMITS, asked(0));
        assert_eq!(granted, Granted::Requests(2));
        let back = Asked {
            returned: 2,
            ..asked(0)
        };
        assert_eq!(after.filled(LIMITS, back), budget);
        // No more than fits.
        let too_much = Asked {
            returned: 1_000,
            ..asked(0)
        };
        assert_eq!(after.filled(LIMITS, too_much).left, 50 * REQUEST);
        let slow = RequestLimits {
            per_second: 1,
            burst: 0,
            per_day: 0,
        };
        assert_eq!(
            Budget::full(slow, NOW, 11).grant(slow, asked(0)).1,
            Granted::Requests(1)
        );
    }

    #[test]
    fn a_clock_that_goes_back_fills_nothing_and_loses_nothing() {
        let mut budget = Budget::full(LIMITS, NOW, 11);
        all(&mut budget, LIMITS, asked(2_000_000));
        assert_eq!(all(&mut budget, LIMITS, asked(0)).0, 0);
        assert_eq!(all(&mut budget, LIMITS, asked(2_050_000)).0, 1);
    }

    #[test]
    fn a_day_has_its_quota_and_the_next_one_its_own() {
        let limits = RequestLimits {
            per_second: 0,
            burst: 0,
            per_day: 5_000,
        };
        let mut budget = Budget::full(limits, NOW, 11);
        let hour = Duration::from_hours(1);
        assert_eq!(all(&mut budget, limits, asked(0)), (5_000, Granted::NoneToday(hour)));
        assert_eq!(budget.left, 0, "a row holds no less");
        let back = Asked {
            returned: 3,
            ..asked(0)
        };
        assert_eq!(all(&mut budget, limits, back).0, 3);
        let tomorrow = Asked {
            day: (12, NOW.plus(hour * 25)),
            returned: 3,
            ..asked(3_600_000_000)
        };
        let (first, _) = budget.grant(limits, tomorrow);
        assert_eq!((first.day, first.day_count), (12, 5));
        assert_eq!(all(&mut budget, limits, tomorrow).0, 5_000);
    }

    #[test]
    fn limits_that_are_raised_hold_at_once() {
        let mut budget = Budget::full(LIMITS, NOW, 11);
        all(&mut budget, LIMITS, asked(0));
        let more = RequestLimits {
            per_second: 1_000,
            ..LIMITS
        };
        assert_eq!(all(&mut budget, more, asked(10_000)).0, 10);
        let less = RequestLimits {
            per_second: 1,
            burst: 1,
            per_day: 0,
        };
        assert_eq!(all(&mut budget, less, asked(3_600_000_000)).0, 1);
    }

    #[test]
    fn both_limits_hold() {
        let limits = RequestLimits { per_day: 10, ..LIMITS };
        let mut budget = Budget::full(limits, NOW, 11);
        let (sum, told) = all(&mut budget, limits, asked(0));
        assert_eq!((sum, told), (10, Granted::NoneToday(Duration::from_hours(1))));
    }
}
