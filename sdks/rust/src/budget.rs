use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many repetitions may be saved.
const SAVED_MAX: f64 = 100.0;
/// How many a second brings, however few calls there are.
const PER_SECOND: f64 = 10.0;
/// How much of one a call brings.
const PER_CALL: f64 = 0.1;

/// How many calls may still be repeated: ten a second and a tenth of all calls. Where the platform is slow because it has too
/// much to do, repeating every call would give it more.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<Saved>);

#[derive(Debug)]
struct Saved {
    left: f64,
    seen: Instant,
}

impl Budget {
    pub(crate) fn full(now: Instant) -> Self {
        Self(Mutex::new(Saved {
            left: SAVED_MAX,
            seen: now,
        }))
    }

    /// Says that a call is made.
    pub(crate) fn deposit(&self, now: Instant) {
        self.add(PER_CALL, 0.0, now);
    }

    /// Takes one repetition out; false where none is left.
    pub(crate) fn withdraw(&self, now: Instant) -> bool {
        self.add(0.0, 1.0, now)
    }

    /// Adds what was brought and what the time has brought, and takes so much out if it is there.
    fn add(&self, brought: f64, taken: f64, now: Instant) -> bool {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(saved.seen).as_secs_f64();
        let left = (saved.left + passed * PER_SECOND + brought).min(SAVED_MAX);
        let is_there = left >= taken;
        *saved = Saved {
            left: if is_there { left - taken } else { left },
            seen: now,
        };
        is_there
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn take_all(budget: &Budget, now: Instant) -> usize {
        std::iter::repeat_with(|| budget.withdraw(now))
            .take_while(|is_there| *is_there)
            .count()
    }

    #[test]
    fn it_fills_with_time_and_with_calls() {
        let mut now = Instant::now();
        let budget = Budget::full(now);
        assert_eq!(take_all(&budget, now), 100);
        now += Duration::from_secs(1);
        assert_eq!(take_all(&budget, now), 10);
        for _ in 0..51 {
            budget.deposit(now);
        }
        assert_eq!(take_all(&budget, now), 5);
        now += Duration::from_hours(1);
        assert_eq!(take_all(&budget, now), 100);
    }
}
