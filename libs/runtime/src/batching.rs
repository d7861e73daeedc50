//! Work that is done together: what many callers ask for at a time shares one run.
//!
//! What arrives while a run is under way waits in a bounded queue and makes up the next one: no timer waits for more, so a
//! caller who is alone waits for one plain run, and the more there are, the more share it. It serves writes, whose callers
//! then share a commit, and look-ups, which one statement answers for all that came while the last one was under way.
//!
//! A user says what is done together ([`Batch`]) and how much of it ([`Bounds`]), starts a [`Batcher`], and asks:
//!
//! ```
//! use fault::Fault;
//! use runtime::{Asked, Batch, Batcher, Bounds};
//!
//! struct Doubling;
//!
//! impl Batch for Doubling {
//!     const NOUN: &'static str = "numbers";
//!     const FULL: &'static str = "more numbers wait than can be doubled in time";
//!     const STOPPED: &'static str = "the doubling is stopping: ask again";
//!     type Ask = u32;
//!     type Answer = u32;
//!     type Key = ();
//!
//!     fn key(_: &u32) {}
//!
//!     async fn run(&self, asked: &[Asked<Self>]) -> Result<Vec<Result<u32, Fault>>, Fault> {
//!         let double = |asked: &Asked<Self>| Ok(asked.ask.saturating_mul(2));
//!         Ok(asked.iter().map(double).collect())
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let bounds = Bounds { lanes: 1, runs: 1, waiting_max: 4_096, run_max: 1_024 };
//! let doubling = Batcher::start(Doubling, bounds);
//! assert_eq!(doubling.ask(21).await.unwrap(), 42);
//! # });
//! ```
//!
//! What holds of every batch:
//!
//! - Each ask is answered by itself: a refusal refuses nobody else. What fails together is halved, and halved again, until
//!   what makes it fail stands alone and gets its own error. What panics fails like anything else.
//! - A run that lost a race is run again, and so is one that met something that is away, of which it is not known whether
//!   it took effect: a batch that writes recognises what it has done already by what it finds.
//! - An ask is answered by a run that began after it came: what was committed before is seen.
//! - Asks of one key are run in the order in which they came, where a lane has one run at a time.
//! - When the last handle is gone, what was handed in before is still run and answered.

mod asked;
mod lane;
mod runner;
mod usual;

pub use asked::{Asked, Pending};

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;

use lane::Lane;
use runner::Runner;

/// Something that is done for many at a time.
pub trait Batch: Send + Sync + Sized + 'static {
    /// What is done, in the plural, for the log: "postings".
    const NOUN: &'static str;
    /// What a caller is told where as much waits as may.
    const FULL: &'static str;
    /// What a caller is told whose answer does not come because the process ends.
    const STOPPED: &'static str;
    /// When a caller should come back that found no room: when about half of what waits is done.
    const RETRY_AFTER: Duration = Duration::from_millis(50);

    /// What one caller asks for.
    type Ask: Send + Sync;
    /// What the caller gets.
    type Answer: Send;
    /// What keeps asks in one lane, and so in their order.
    type Key: Hash;

    /// See [`Batch::Key`].
    fn key(ask: &Self::Ask) -> Self::Key;

    /// How much of the room and of a run an ask takes, where not all take the same. At least 1 is reckoned.
    fn weight(_ask: &Self::Ask) -> u32 {
        1
    }

    /// Does what is asked for, and answers each in its place once that is durable. An error is one of all of them, and
    /// nothing was done.
    ///
    /// Who is not wanted any more ([`Asked::is_wanted`]) should get nothing done; [`rpc::passed`] is an answer to it.
    fn run(&self, asked: &[Asked<Self>]) -> impl Future<Output = Outcomes<Self>> + Send;
}

/// What becomes of a run.
pub type Outcomes<B> = Result<Vec<Outcome<B>>, Fault>;

/// What becomes of an ask.
pub type Outcome<B> = Result<<B as Batch>::Answer, Fault>;

/// How much is done at a time. All are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// In how many queues the asks wait, each by its key.
    pub lanes: usize,
    /// How many runs of a lane may be under way at a time: 1 keeps the order of a key, several are for look-ups.
    pub runs: usize,
    /// How much may wait in one lane, by weight.
    pub waiting_max: u32,
    /// How much one run takes, by weight; an ask that is heavier runs alone.
    pub run_max: u32,
}

/// A handle on what is done together. Cheap to clone.
pub struct Batcher<B: Batch> {
    lanes: Arc<[Lane<B>]>,
}

impl<B: Batch> Clone for Batcher<B> {
    fn clone(&self) -> Self {
        Self {
            lanes: self.lanes.clone(),
        }
    }
}

impl<B: Batch> Batcher<B> {
    /// Starts the runs, which end with the last handle.
    pub fn start(batch: B, bounds: Bounds) -> Self {
        let batch = Arc::new(batch);
        let lanes = (0..bounds.lanes.max(1)).map(|_| {
            let (lane, waiting) = Lane::new(bounds.waiting_max, bounds.run_max);
            let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
            for _ in 0..bounds.runs.max(1) {
                tokio::spawn(Runner::new(batch.clone(), waiting.clone()).run());
            }
            lane
        });
        Self { lanes: lanes.collect() }
    }

    /// Asks, and waits for the answer. Refuses at once where too much waits.
    pub async fn ask(&self, ask: B::Ask) -> Outcome<B> {
        self.hand_in(ask)?.answer().await
    }

    /// Asks as soon as there is room, and waits for the answer. For callers who are held back rather than turned away.
    pub async fn ask_when_room(&self, ask: B::Ask) -> Outcome<B> {
        self.hand_in_when_room(ask).await?.answer().await
    }

    /// Hands one in, and does not wait for its answer. Refuses at once where too much waits.
    pub fn hand_in(&self, ask: B::Ask) -> Result<Pending<B>, Fault> {
        let lane = self.lane_of(&ask);
        let (asked, pending) = Asked::new(ask);
        lane.put(asked)?;
        Ok(pending)
    }

    /// Hands one in as soon as there is room for it.
    pub async fn hand_in_when_room(&self, ask: B::Ask) -> Result<Pending<B>, Fault> {
        let lane = self.lane_of(&ask);
        let (asked, pending) = Asked::new(ask);
        lane.put_when_room(asked).await?;
        Ok(pending)
    }

    /// Hands in all of them, in their order, each as soon as there is room for it.
    pub async fn hand_in_all(&self, asks: Vec<B::Ask>) -> Result<Vec<Pending<B>>, Fault> {
        let mut pending = Vec::with_capacity(asks.len());
        for ask in asks {
            pending.push(self.hand_in_when_room(ask).await?);
        }
        Ok(pending)
    }

    /// How much more a lane takes, by weight, for tests that have to know what waits.
    pub fn room(&self, lane: usize) -> usize {
        self.lanes.get(lane).map_or(0, Lane::room)
    }

    fn lane_of(&self, ask: &B::Ask) -> &Lane<B> {
        let lane = self.lanes.get(self.place_of(ask));
        let Some(lane) = lane else {
            panic!("a batcher without lanes")
        };
        lane
    }

    fn place_of(&self, ask: &B::Ask) -> usize {
        let mut hasher = DefaultHasher::new();
        B::key(ask).hash(&mut hasher);
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(1);
        let place = hasher.finish().checked_rem(lanes).unwrap_or(0);
        usize::try_from(place).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
