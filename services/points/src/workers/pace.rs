use std::time::{Duration, Instant};

use kernel::{Clock, Time};

/// It rests so many times as long as it worked, so that it never takes more than a tenth of one connection.
const REST_SHARE: u32 = 9;
/// It rests so long at least.
const REST_MIN: Duration = Duration::from_millis(100);
/// And so long at the most, where there is more to do.
const REST_MAX: Duration = Duration::from_mins(1);

/// How a worker that proves something for ever leaves room for those who post.
pub(super) struct Pace {
    clock: Clock,
    /// How long it rests where there is nothing to do.
    idle: Duration,
    resume_time: Time,
}

impl Pace {
    pub(super) fn new(clock: Clock, idle: Duration) -> Self {
        Self {
            clock,
            idle,
            resume_time: Time::EPOCH,
        }
    }

    pub(super) fn is_resting(&self) -> bool {
        self.clock.now() < self.resume_time
    }

    /// Rests from now on, after work that began then. What the work took is real time: the clock may have been turned.
    pub(super) fn rest_after(&mut self, began: Instant, has_worked: bool) {
        let rest = if has_worked {
            began.elapsed().saturating_mul(REST_SHARE).clamp(REST_MIN, REST_MAX)
        } else {
            self.idle
        };
        self.resume_time = self.clock.now().plus(rest);
    }

    pub(super) async fn resume(&self) {
        self.clock.sleep_until(self.resume_time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_in_proportion_to_its_work_and_longer_where_there_is_none() {
        let clock = Clock::manual(Time::EPOCH);
        let mut pace = Pace::new(clock.clone(), Duration::from_secs(5));
        assert!(!pace.is_resting());
        let seconds_ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        for (began, has_worked, at_least) in [
            (Instant::now(), true, REST_MIN),
            (seconds_ago(2), true, Duration::from_secs(18)),
            (seconds_ago(60), true, REST_MAX),
            (seconds_ago(60), false, Duration::from_secs(5)),
        ] {
            pace.rest_after(began, has_worked);
            let rest = pace.resume_time.since(clock.now());
            assert!((at_least..at_least * 2).contains(&rest), "{rest:?}");
            assert!(pace.is_resting());
        }
        clock.turn_to(Time::from_seconds(5));
        assert!(!pace.is_resting());
    }
}
