//! Whether a clock is believed: what it makes due does not come back.

mod doubt;

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use fault::Fault;
use kernel::{Clock, Time};
use store::Db;
use telemetry::Red;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::doubt::{APART_MAX, Doubt, STOP_MAX};
use self::doubt::{Witness, judge};

/// How often the database is asked, and told that the service is at work.
const CHECK_EVERY: Duration = Duration::from_mins(1);
/// How often it is asked while the clock is not believed.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Whether the work that the clock makes due waits for somebody who has looked at the clock.
///
/// What expires, lapses or is forgotten does not come back, so none of it is done by a clock that may be wrong. Postings and
/// reads go on: a till must not stand still for it, what an entry says of its time can be explained afterwards, and a balance
/// is right again as soon as the clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrust {
    /// The clock of a machine, which may be wrong.
    Guarded,
    /// A clock that is turned by hand, by years if its hand likes: in tests, and in the demo.
    ByHand,
}

/// How many services of a process do not believe its clock, and where that is told.
#[derive(Clone)]
pub(crate) struct Doubted {
    red: Red,
    count: Arc<AtomicI64>,
}

impl Doubted {
    pub(crate) fn new(red: Red) -> Self {
        let doubted = Self {
            red,
            count: Arc::default(),
        };
        doubted.tell(0);
        doubted
    }

    /// One more, or one less; answers how many there were before.
    fn add(&self, more: i64) -> i64 {
        let before = self.count.fetch_add(more, Ordering::SeqCst);
        self.tell(before.saturating_add(more));
        before
    }

    fn tell(&self, count: i64) {
        self.red.level(
            "clock_doubted",
            "Services whose due work waits because the clock may be wrong; more than 0 needs an operator.",
            count,
        );
    }
}

/// The guard of one service's clock.
pub(crate) struct ClockGuard {
    clock: Clock,
    db: Db,
    doubted: Doubted,
    /// When the clock was last believed; held only for a moment.
    witness: Mutex<Option<Witness>>,
    /// What the database has said; held while it is asked.
    heard: tokio::sync::Mutex<Heard>,
    is_believed: watch::Sender<bool>,
}

#[derive(Default)]
struct Heard {
    /// When it was asked, by the steady clock.
    asked: Option<Duration>,
    accept_time: Option<Time>,
    doubt: Option<Doubt>,
}

impl ClockGuard {
    pub(crate) fn new(clock: Clock, db: Db, doubted: Doubted) -> Self {
        Self {
            clock,
            db,
            doubted,
            witness: Mutex::default(),
            heard: tokio::sync::Mutex::default(),
            is_believed: watch::Sender::new(false),
        }
    }

    /// Whether the clock is believed. Asks the database about once a minute, and tells it that the service is at work.
    ///
    /// Where the database does not answer, nothing is known: that is no doubt, but the worker that asks tries again.
    pub(crate) async fn believes(&self) -> Result<bool, Fault> {
        let mut heard = self.heard.lock().await;
        let every = if heard.doubt.is_some() { ASK_AGAIN } else { CHECK_EVERY };
        let steady = self.clock.steady();
        let is_fresh = heard.asked.is_some_and(|asked| steady.saturating_sub(asked) < every);
        if !is_fresh || heard.doubt.is_none() && self.has_leapt() {
            self.ask(&mut heard).await?;
        }
        // It may have leapt while the database was asked.
        Ok(heard.doubt.is_none() && !self.has_leapt())
    }

    /// Works for as long as the clock does not leap; what is interrupted is dropped. None where it was.
    ///
    /// Looked at each time before the work goes on: what it has read from a clock that had leapt is not committed, for a commit
    /// is a later step than the statements before it.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| match self.has_leapt() {
            true => Poll::Ready(None),
            false => work.as_mut().poll(cx).map(Some),
        })
        .await
    }

    /// Waits until the clock is believed again.
    pub(crate) async fn belief(&self) {
        // The sender lives in `self`.
        let _ = self.is_believed.subscribe().wait_for(|is_believed| *is_believed).await;
    }

    /// Looks again and again, also while no worker has anything to do.
    pub(crate) async fn watch(&self, stop: CancellationToken) {
        let watching = async {
            loop {
                if let Err(fault) = self.believes().await {
                    // Trouble of the database is told where it is met by work.
                    tracing::debug!(service = self.db.service(), %fault, "it is not known whether the clock is right");
                }
                self.clock.sleep(ASK_AGAIN).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watching => {}
        }
    }

    fn has_leapt(&self) -> bool {
        let here = Witness::of(&self.clock);
        self.witness().is_some_and(|own| own.leap_to(here).is_some())
    }

    fn witness(&self) -> Option<Witness> {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, heard: &mut Heard) -> Result<(), Fault> {
        let seen = self.db.last_seen().await?;
        // Read now that the database has answered, so that no wait for it counts as a difference of the clocks.
        let here = Witness::of(&self.clock);
        let is_first = heard.asked.is_none();
        if !is_first && seen.accept_time != heard.accept_time {
            self.agree(seen.accept_time, here);
        }
        let doubt = judge(&seen, self.witness(), here);
        if doubt.is_none() {
            self.db.beat(here.time).await?;
            // Another replica that doubts says so again.
            if seen.doubt.is_some() && (is_first || heard.doubt.is_some()) {
                self.db.note_doubt(None).await?;
            }
            self.believe(here);
        }
        let was_doubted = heard.doubt.is_some();
        *heard = Heard {
            asked: Some(here.steady),
            accept_time: seen.accept_time,
            doubt,
        };
        self.tell(was_doubted, doubt.as_ref());
        match doubt {
            Some(doubt) if seen.doubt.is_none() => self.db.note_doubt(Some(&doubt.to_string())).await,
            Some(_) | None => Ok(()),
        }
    }

    /// An operator has accepted a clock. This one must show what he saw, for he may have looked at another machine's.
    fn agree(&self, accept_time: Option<Time>, here: Witness) {
        let is_held_to_another = self.witness().is_none_or(|own| own.leap_to(here).is_some());
        if let Some(time) = accept_time
            && is_held_to_another
        {
            self.believe(Witness { time, ..here });
        }
    }

    fn believe(&self, witness: Witness) {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = Some(witness);
    }

    /// Tells of a doubt when it comes up, and when it is gone: one line for all services of a process.
    fn tell(&self, was_doubted: bool, doubt: Option<&Doubt>) {
        let service = self.db.service();
        self.is_believed.send_replace(doubt.is_none());
        match doubt {
            Some(doubt) if !was_doubted => {
                if self.doubted.add(1) == 0 {
                    tracing::error!(service, %doubt, remedy = doubt.remedy(),
                        "nothing expires, lapses or comes due until the clock is believed; postings and reads go on");
                } else {
                    tracing::info!(service, %doubt, "it does not believe the clock either");
                }
            }
            None if was_doubted => {
                self.doubted.add(-1);
                tracing::info!(service, "the clock is believed again, and what is due is done");
            }
            Some(_) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;
