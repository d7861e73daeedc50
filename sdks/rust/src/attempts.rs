use std::time::{Duration, Instant};

use rand::Rng;
use tonic::Code;

use crate::budget::Budget;
use crate::error::{Cause, Error};

/// The pause before the first repetition, at the most; it doubles each time.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause, but for one that the platform asks for.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The first attempt has the deadline divided by it; after one that ran out of time, the next has twice as long.
const FIRST_ATTEMPT_PART: u32 = 4;
/// The shortest time that an attempt gets.
const ATTEMPT_MIN: Duration = Duration::from_millis(1);

/// The attempts of one call: how long each may take, and when another one follows.
pub(crate) struct Attempts<'a> {
    budget: &'a Budget,
    end: Instant,
    limit: Duration,
    pause: Duration,
    may_repeat: bool,
    count: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(budget: &'a Budget, deadline: Duration, may_repeat: bool) -> Self {
        let now = Instant::now();
        budget.deposit(now);
        let part = if may_repeat { FIRST_ATTEMPT_PART } else { 1 };
        Self {
            budget,
            // A deadline beyond what clocks can tell is none.
            end: now.checked_add(deadline).unwrap_or_else(|| far(now)),
            limit: deadline.checked_div(part).unwrap_or(deadline),
            pause: PAUSE,
            may_repeat,
            count: 1,
        }
    }

    /// How many there were, with the one that is under way.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// How long the next one may take.
    pub(crate) fn limit(&self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        self.limit.min(left).max(ATTEMPT_MIN)
    }

    /// How long to wait before the next one; or the error, where there is none.
    pub(crate) fn pause_after(&mut self, error: Error) -> Result<Duration, Error> {
        let longest = self.pause;
        let pause = error
            .retry_delay
            .unwrap_or_else(|| longest.mul_f64(rand::rng().random()));
        let now = Instant::now();
        let is_in_time = pause < self.end.saturating_duration_since(now);
        if !self.may_repeat || !is_passing(&error) || !is_in_time {
            return Err(error);
        }
        // Where there was no connection nothing was sent, and the platform has no more to do for it.
        if error.cause != Cause::Unconnected && !self.budget.withdraw(now) {
            return Err(error);
        }
        if error.code == Code::DeadlineExceeded {
            self.limit = self.limit.saturating_mul(2);
        }
        self.pause = longest.saturating_mul(2).min(PAUSE_MAX);
        self.count = self.count.saturating_add(1);
        Ok(pause)
    }
}

fn far(now: Instant) -> Instant {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    now.checked_add(YEAR).unwrap_or(now)
}

/// Whether the same request may fare better in a moment.
fn is_passing(error: &Error) -> bool {
    match error.cause {
        Cause::Unconnected | Cause::Broken | Cause::OutOfTime => true,
        Cause::Distrusted => false,
        Cause::Answer => match error.code {
            Code::Unavailable | Code::DeadlineExceeded => true,
            // Of a thing that somebody else changed the caller must first read what it has become.
            Code::Aborted => error.reason != "ETAG_MISMATCH",
            Code::ResourceExhausted => error.retry_delay.is_some(),
            _ => false,
        },
    }
}
