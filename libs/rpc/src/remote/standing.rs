//! Whether a replica gets calls, by what has become of those before.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a replica that cannot be reached is left alone before it is asked whether it is back.
const UNREACHABLE_PAUSE: Duration = Duration::from_millis(500);
/// How many calls in succession a replica may fail before it is ejected.
const FAILURES_MAX: u32 = 5;
/// How long a replica is ejected; each time in succession longer by as much.
const EJECTION: Duration = Duration::from_secs(1);
/// The longest ejection.
const EJECTION_MAX: Duration = Duration::from_secs(30);

/// What is known of a replica.
#[derive(Debug)]
pub(super) struct Standing(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Why it gets no calls while another replica does, and when somebody asks it again.
    left: Option<(Left, Instant)>,
    /// How many calls it has failed in succession.
    failures: u32,
    /// How often it has been ejected in succession.
    ejections: u32,
    /// When it last gave a sign of life.
    heard: Option<Instant>,
}

/// Why a replica gets no calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It has just been found, and has not been spoken with.
    New,
    /// It cannot be reached, does not answer, or says that it cannot work.
    Unreachable,
    /// It is ejected: it has failed too many calls.
    Failing,
}

impl Standing {
    /// Of a replica that gets calls at once.
    pub(super) fn trusted() -> Self {
        Self::new(None)
    }

    /// Of one that gets none before it has answered, while there are others.
    pub(super) fn unproved() -> Self {
        Self::new(Some((Left::New, Instant::now())))
    }

    fn new(left: Option<(Left, Instant)>) -> Self {
        Self(Mutex::new(State {
            left,
            failures: 0,
            ejections: 0,
            heard: None,
        }))
    }

    /// Whether it gets no calls while another replica does.
    pub(super) fn is_left(&self) -> bool {
        self.state(|state| state.left.is_some())
    }

    /// Whether it cannot be reached, so that nothing comes of the calls that it has.
    pub(super) fn is_unreachable(&self) -> bool {
        self.state(|state| state.left.is_some_and(|(left, _)| left == Left::Unreachable))
    }

    /// Whether it has given a sign of life within this time.
    pub(super) fn is_heard_within(&self, time: Duration) -> bool {
        self.state(|state| state.heard.is_some_and(|heard| heard.elapsed() < time))
    }

    /// Whether it is time to ask a replica that gets no calls; true once in a while.
    pub(super) fn is_to_be_asked(&self) -> bool {
        let now = Instant::now();
        self.state(|state| match &mut state.left {
            Some((_, ask_again)) if *ask_again <= now => {
                *ask_again = later(now, UNREACHABLE_PAUSE);
                true
            }
            Some(_) | None => false,
        })
    }

    /// It has answered a call well. Answers whether it had got none.
    pub(super) fn works(&self) -> bool {
        self.state(|state| {
            state.heard = Some(Instant::now());
            (state.failures, state.ejections) = (0, 0);
            state.left.take().is_some()
        })
    }

    /// It has answered that it can work, whatever becomes of its calls. Answers whether it had got none.
    pub(super) fn is_back(&self) -> bool {
        self.state(|state| {
            state.heard = Some(Instant::now());
            // After an ejection the next failure is the last one: one call shows whether it has recovered.
            state.failures = match state.ejections {
                0 => 0,
                _ => FAILURES_MAX.saturating_sub(1),
            };
            state.left.take().is_some()
        })
    }

    /// It has failed a call. Answers for how long it is ejected, where it is from now on.
    pub(super) fn fails(&self) -> Option<Duration> {
        let now = Instant::now();
        self.state(|state| {
            state.heard = Some(now);
            state.failures = state.failures.saturating_add(1);
            if state.failures < FAILURES_MAX || state.left.is_some() {
                return None;
            }
            state.ejections = state.ejections.saturating_add(1);
            let ejection = EJECTION.saturating_mul(state.ejections).min(EJECTION_MAX);
            state.left = Some((Left::Failing, later(now, ejection)));
            Some(ejection)
        })
    }

    /// It cannot be reached. Answers whether that is news.
    pub(super) fn is_found_unreachable(&self) -> bool {
        let again = later(Instant::now(), UNREACHABLE_PAUSE);
        self.state(|state| {
            let before = state.left.replace((Left::Unreachable, again));
            before.is_none_or(|(left, _)| left != Left::Unreachable)
        })
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn later(now: Instant, pause: Duration) -> Instant {
    now.checked_add(pause).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_in_succession_is_ejected_for_longer_each_time_and_is_back_when_it_works() {
        let standing = Standing::trusted();
        for _ in 1..FAILURES_MAX {
            assert_eq!(standing.fails(), None);
        }
        assert!(
            !standing.works() && !standing.is_left(),
            "one good answer, and it is counted anew"
        );
        let mut ejected = (0..FAILURES_MAX).filter_map(|_| standing.fails());
        assert_eq!(ejected.next(), Some(EJECTION));
        assert!(standing.is_left() && !standing.is_unreachable() && !standing.is_to_be_asked());
        for times in 2..4 {
            assert!(standing.is_back() && !standing.is_left());
            assert_eq!(standing.fails(), Some(EJECTION.saturating_mul(times)));
        }
        assert!(standing.is_back() && !standing.works());
        assert_eq!(standing.fails(), None, "it has recovered");
    }

    #[test]
    fn who_is_new_is_asked_at_once_and_who_cannot_be_reached_after_a_pause() {
        let new = Standing::unproved();
        assert!(new.is_left() && !new.is_unreachable() && new.is_to_be_asked() && !new.is_to_be_asked());
        assert!(new.is_found_unreachable() && !new.is_found_unreachable());
        assert!(new.is_unreachable() && !new.is_to_be_asked() && !new.is_heard_within(UNREACHABLE_PAUSE));
        assert!(new.is_back() && new.is_heard_within(UNREACHABLE_PAUSE) && !new.is_left());
    }
}
