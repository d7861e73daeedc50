use std::time::{Duration, Instant};

use kernel::{Clock, Time};

/// It rests so many times as long as it worked, so that it never takes more than a tenth of one connection.
const REST_SHARE: u32 = 9;
/// It rests so long at least.
const REST_MIN: Duration = Duration::from_millis(100);
/// And so long at the most, where there is more to do.
const REST_MAX: Duration = Duration::from_mins(1);

/// Whether what was done at a time that is stored need not be done again yet. What seems to be done later than now was done
/// while the clock was ahead, and says nothing.
pub(crate) fn is_recent(done: Time, every: Duration, now: Time) -> bool {
    (done..done.plus(every)).contains(&now)
}

/// How a worker that proves something for ever leaves room for those who post.
pub(crate) struct Pace {
    clock: Clock,
    /// How long it rests where there is nothing to do.
    idle: Duration,
    /// By the steady clock: where the platform's is set back, it does not rest for as long as it was set back.
    resume: Duration,
}

/// When a piece of work began, by the platform's steady clock and by the machine's.
pub(crate) struct Began {
    steady: Duration,
    instant: Instant,
}

impl Pace {
    pub(crate) fn new(clock: Clock, idle: Duration) -> Self {
        Self {
            clock,
            idle,
            resume: Duration::ZERO,
        }
    }

    /// Begins a piece of work; none while it rests.
    pub(crate) fn begin(&self) -> Option<Began> {
        let steady = self.clock.steady();
        (steady >= self.resume).then(|| Began {
            steady,
            instant: Instant::now(),
        })
    }

    /// Rests from the end of the work on.
    ///
    /// What the work took is real time, and it rests from its beginning and that on, not from what the clock shows at the end:
    /// a clock that was turned meanwhile has made work that was not seen.
    pub(crate) fn rest_after(&mut self, began: &Began, has_worked: bool) {
        let took = began.instant.elapsed();
        let rest = if has_worked {
            took.saturating_mul(REST_SHARE).clamp(REST_MIN, REST_MAX)
        } else {
            self.idle
        };
        self.resume = began.steady.saturating_add(took).saturating_add(rest);
    }

    pub(crate) async fn resume(&self) {
        self.clock.sleep(self.resume.saturating_sub(self.clock.steady())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began(clock: &Clock, seconds_ago: u64) -> Began {
        Began {
            steady: clock.steady(),
            instant: Instant::now().checked_sub(Duration::from_secs(seconds_ago)).unwrap(),
        }
    }

    #[test]
    fn it_rests_in_proportion_to_its_work_and_longer_where_there_is_none() {
        let clock = Clock::manual(Time::EPOCH);
        let mut pace = Pace::new(clock.clone(), Duration::from_secs(5));
        assert!(pace.begin().is_some());
        for (seconds_ago, has_worked, at_least) in [
            (0, true, REST_MIN),
            (2, true, Duration::from_secs(2 + 18)),
            (60, true, Duration::from_mins(1) + REST_MAX),
            (60, false, Duration::from_secs(60 + 5)),
        ] {
            pace.rest_after(&began(&clock, seconds_ago), has_worked);
            let rest = pace.resume.checked_sub(clock.steady()).unwrap();
            assert!((at_least..at_least * 2).contains(&rest), "{rest:?}");
            assert!(pace.begin().is_none());
        }
        clock.turn_to(Time::EPOCH.plus(Duration::from_secs(130)));
        assert!(pace.begin().is_some());
    }

    #[test]
    fn it_does_not_rest_where_the_clock_was_turned_while_it_worked() {
        let clock = Clock::manual(Time::EPOCH);
        let mut pace = Pace::new(clock.clone(), Duration::from_secs(5));
        let began = pace.begin().unwrap();
        clock.turn_to(Time::EPOCH.plus(Duration::from_mins(11)));
        pace.rest_after(&began, false);
        assert!(pace.begin().is_some());
    }

    #[test]
    fn what_was_done_by_a_clock_that_was_ahead_is_done_again() {
        let done = Time::from_seconds(1_800_000_000);
        for (now, expected) in [
            (done, true),
            (done.plus(Duration::from_secs(59)), true),
            (done.plus(Duration::from_mins(1)), false),
            (done.minus(Duration::from_secs(1)), false),
            (done.plus_days(-365), false),
        ] {
            assert_eq!(is_recent(done, Duration::from_mins(1), now), expected, "{now}");
        }
    }

    #[test]
    fn it_rests_no_longer_where_the_clock_was_set_back_or_forward() {
        let start = Time::from_seconds(1_800_000_000);
        for days in [-365, 365] {
            let clock = Clock::manual(start);
            let mut pace = Pace::new(clock.clone(), Duration::from_secs(5));
            pace.rest_after(&began(&clock, 0), false);
            clock.leap_to(start.plus_days(days));
            assert!(pace.begin().is_none(), "no time has passed");
            clock.advance(Duration::from_secs(10));
            assert!(pace.begin().is_some());
        }
    }
}
