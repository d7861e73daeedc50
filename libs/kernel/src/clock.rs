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
    Manual(watch::Sender<Time>),
}

impl Clock {
    /// The real clock.
    pub fn system() -> Self {
        Self::new(Source::System)
    }

    /// A clock that stands at `start` until it is turned.
    pub fn manual(start: Time) -> Self {
        Self::new(Source::Manual(watch::Sender::new(start)))
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
            Source::Manual(hand) => *hand.borrow(),
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
                hand.send_if_modified(|now| {
                    let later = time > *now;
                    if later {
                        *now = time;
                    }
                    later
                });
                true
            }
        }
    }

    /// Turns a manual clock onward.
    pub fn advance(&self, duration: Duration) -> bool {
        self.turn_to(self.now().plus(duration))
    }

    /// Waits until it is `time`.
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
                let _ = hand.subscribe().wait_for(|now| *now >= time).await;
            }
        }
    }

    /// Waits for a while.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().plus(duration)).await;
    }
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

    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
