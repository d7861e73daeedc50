use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::{MICROS_PER_SECOND, Time};

/// How long a sleep may take at the most before it looks at the clock again: a system clock may be set.
const SLEEP_MAX: Duration = Duration::from_mins(1);

/// Waits by the machine's own clock, whatever the platform's says: for a machine in trouble, never for business.
#[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What time it is, and ids in the order of time.
///
/// The real clock, or one that is turned by hand: then nothing happens, and nobody wakes, until somebody turns it.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    source: Source,
    /// Counts within a millisecond, so that ids of one process are in the order in which they were given.
    ids: Mutex<ContextV7>,
}

enum Source {
    System,
    Manual(watch::Sender<Hand>),
}

/// What a clock that is turned by hand shows.
#[derive(Clone, Copy)]
struct Hand {
    now: Time,
    /// By how many microseconds it was set otherwise than by time that passed.
    leapt: i64,
}

impl Hand {
    /// How much time has passed, whatever the clock was set to.
    fn steady(self) -> Duration {
        let passed = self.now.micros().saturating_sub(self.leapt);
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }
}

impl Clock {
    /// The real clock.
    pub fn system() -> Self {
        Self::new(Source::System)
    }

    /// A clock that stands at `start` until it is turned.
    pub fn manual(start: Time) -> Self {
        Self::new(Source::Manual(watch::Sender::new(Hand { now: start, leapt: 0 })))
    }

    fn new(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            ids: Mutex::new(ContextV7::new()),
        }))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        match &self.0.source {
            Source::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the clock")]
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time::EPOCH.plus(since_epoch)
            }
            Source::Manual(hand) => hand.borrow().now,
        }
    }

    /// How long the machine has been running, asleep or awake: a clock that nobody sets, against which one that somebody has
    /// set stands out. Only its differences mean something.
    pub fn steady(&self) -> Duration {
        match &self.0.source {
            Source::System => since_boot(),
            Source::Manual(hand) => hand.borrow().steady(),
        }
    }

    /// A new `UUIDv7`, greater than every one that this clock gave before.
    pub fn uuid(&self) -> Uuid {
        let now = self.now().micros();
        let seconds = u64::try_from(now.div_euclid(MICROS_PER_SECOND)).unwrap_or(0);
        let nanos = u32::try_from(now.rem_euclid(MICROS_PER_SECOND).saturating_mul(1_000)).unwrap_or(0);
        let ids = self.0.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*ids, seconds, nanos))
    }

    /// Turns a manual clock to a later moment and wakes who waited for it; it never goes back.
    ///
    /// Answers false, and does nothing, for the real clock.
    pub fn turn_to(&self, time: Time) -> bool {
        match &self.0.source {
            Source::System => false,
            Source::Manual(hand) => {
                hand.send_if_modified(|hand| {
                    let later = time > hand.now;
                    if later {
                        hand.now = time;
                    }
                    later
                });
                true
            }
        }
    }

    /// Sets a manual clock to another moment, earlier or later, without any time passing: as a machine's clock that somebody
    /// sets. Answers false, and does nothing, for the real clock.
    pub fn leap_to(&self, time: Time) -> bool {
        match &self.0.source {
            Source::System => false,
            Source::Manual(hand) => {
                hand.send_modify(|hand| {
                    let leap = time.micros().saturating_sub(hand.now.micros());
                    hand.leapt = hand.leapt.saturating_add(leap);
                    hand.now = time;
                });
                true
            }
        }
    }

    /// Turns a manual clock onward.
    pub fn advance(&self, duration: Duration) -> bool {
        self.turn_to(self.now().plus(duration))
    }

    /// Waits until it is `time`: where the clock is set back meanwhile, for so much longer. Who wants to wait for a while
    /// sleeps.
    pub async fn sleep_until(&self, time: Time) {
        match &self.0.source {
            Source::System => loop {
                let remaining = time.since(self.now());
                if remaining.is_zero() {
                    return;
                }
                pause(remaining.min(SLEEP_MAX)).await;
            },
            Source::Manual(hand) => {
                // The sender lives in `self`, so the wait ends only by the hand reaching the time.
                let _ = hand.subscribe().wait_for(|hand| hand.now >= time).await;
            }
        }
    }

    /// Waits for a while, whatever the clock is set to meanwhile.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0.source {
            Source::System => pause(duration).await,
            Source::Manual(hand) => {
                let end = hand.borrow().steady().saturating_add(duration);
                let _ = hand.subscribe().wait_for(|hand| hand.steady() >= end).await;
            }
        }
    }
}

/// How long ago the machine was started, with the time that it was asleep.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(time).unwrap_or_default()
}

/// Elsewhere: how long this process has been asking. There a machine that was asleep meanwhile seems to have leapt.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_in_which_they_were_given() {
        for clock in [Clock::system(), Clock::manual(Time::from_seconds(1_000_000_000))] {
            let ids: Vec<Uuid> = (0..10_000).map(|_| clock.uuid()).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_hand_reaches_its_time_and_not_before() {
        let clock = Clock::manual(Time::EPOCH);
        let sleeper = clock.clone();
        let mut sleep = Box::pin(sleeper.sleep_until(Time::from_seconds(60)));
        clock.turn_to(Time::from_seconds(59));
        assert!(futures_poll(&mut sleep).await.is_none());
        clock.turn_to(Time::from_seconds(60));
        assert!(futures_poll(&mut sleep).await.is_some());
    }

    #[test]
    fn the_hand_never_goes_back() {
        let clock = Clock::manual(Time::from_seconds(10));
        clock.turn_to(Time::from_seconds(5));
        assert_eq!(clock.now(), Time::from_seconds(10));
    }

    #[test]
    fn a_hand_that_leaps_sets_the_clock_and_lets_no_time_pass() {
        let clock = Clock::manual(Time::from_seconds(1_000));
        let before = clock.steady();
        clock.advance(Duration::from_secs(7));
        clock.leap_to(Time::from_seconds(500));
        assert_eq!(
            (clock.now(), clock.steady()),
            (Time::from_seconds(500), before + Duration::from_secs(7))
        );
        clock.leap_to(Time::from_seconds(90_000));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.steady(), before + Duration::from_secs(8));
    }

    #[tokio::test]
    async fn who_sleeps_for_a_while_wakes_after_it_though_the_clock_was_set_back_or_forward() {
        let clock = Clock::manual(Time::from_seconds(100_000));
        let sleeper = clock.clone();
        let mut sleep = Box::pin(sleeper.sleep(Duration::from_secs(10)));
        assert!(futures_poll(&mut sleep).await.is_none());
        clock.leap_to(Time::from_seconds(200_000));
        assert!(futures_poll(&mut sleep).await.is_none(), "no time has passed");
        clock.leap_to(Time::from_seconds(500));
        clock.advance(Duration::from_secs(9));
        assert!(futures_poll(&mut sleep).await.is_none());
        clock.advance(Duration::from_secs(1));
        assert!(futures_poll(&mut sleep).await.is_some());
    }

    #[test]
    fn the_steady_clock_of_the_machine_goes_on() {
        let clock = Clock::system();
        let before = clock.steady();
        assert!(!before.is_zero() && clock.steady() >= before);
    }

    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
