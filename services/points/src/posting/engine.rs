//! The posting engine: many requests share one transaction, by [`runtime::Batcher`].
//!
//! A ledger lives by its commits. What arrives while one is under way makes up the next transaction. Each is decided by
//! itself: a refusal refuses nobody else, and what breaks its transaction is singled out and breaks alone.
//!
//! Any number of engines, in any number of processes, may post to the same accounts: the database's locks keep them
//! apart. What names one member goes to one writer, which is only for speed, and so that postings of one member are decided
//! in the order in which they were handed in. What names a hold or an adjustment goes by that: whose it is stands in the
//! database, and is not asked for before the transaction.
//!
//! The writers end with the last handle on the engine, when they have posted what was handed in before. So a service that
//! has stopped, having answered its callers, has nothing left to post.

mod ask;
mod batch;
mod resolve;

pub(crate) use ask::{Ask, Subject};

use fault::Fault;
use kernel::Clock;
use prost::Message;
use runtime::{Batcher, Bounds};
use sea_orm::DbBackend;
use store::Db;

pub(crate) use batch::Outcome;
use batch::Poster;

/// Writers on PostgreSQL, where transactions run beside each other. A prototype on two cores was faster with two than with
/// one or four; this engine has only been measured with two.
const WRITERS_POSTGRES: usize = 2;
/// SQLite has one writer.
const WRITERS_SQLITE: usize = 1;
/// How many postings wait for one writer: what it posts within about a tenth of a second.
const QUEUE_MAX: u32 = 4_096;
/// How many postings share a transaction at the most.
const POSTINGS_MAX: u32 = 1_024;
/// How many lots the postings of one transaction read, unless it is one posting alone that needs more: some megabytes. Of a
/// thousand members who each spend from their first few lots that is twice as much as they need.
const LOTS_MAX: usize = 16_384;

/// A posting that was handed in.
pub(crate) type Pending = runtime::Pending<Poster>;

/// A handle on the engine of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    writers: Batcher<Poster>,
    poster: Poster,
}

impl Engine {
    /// Starts the writers.
    pub(crate) fn start(clock: Clock, db: Db) -> Self {
        let writers = match db.backend() {
            DbBackend::Sqlite => WRITERS_SQLITE,
            _ => WRITERS_POSTGRES,
        };
        Self::with(Poster::new(clock, db, LOTS_MAX), writers, QUEUE_MAX)
    }

    fn with(poster: Poster, writers: usize, queue_max: u32) -> Self {
        let bounds = Bounds {
            lanes: writers,
            runs: 1,
            waiting_max: queue_max,
            run_max: POSTINGS_MAX,
        };
        Self {
            writers: Batcher::start(poster.clone(), bounds),
            poster,
        }
    }

    /// Posts, and answers when it is durable. Refuses at once where too much waits.
    pub(crate) async fn post<A: Message + Default>(&self, ask: Ask) -> Result<A, Fault> {
        let answer = self.hand_in(ask)?.answer().await?;
        A::decode(&*answer).map_err(Fault::internal)
    }

    /// Hands one in, and does not wait for its answer. Refuses at once where too much waits.
    pub(crate) fn hand_in(&self, ask: Ask) -> Result<Pending, Fault> {
        self.writers.hand_in(ask)
    }

    /// Hands one in as soon as there is room for it. For callers who are held back rather than turned away.
    pub(crate) async fn hand_in_when_room(&self, ask: Ask) -> Result<Pending, Fault> {
        self.writers.hand_in_when_room(ask).await
    }

    /// Hands in all of them, in their order, each as soon as there is room for it.
    pub(crate) async fn hand_in_all(&self, asks: Vec<Ask>) -> Result<Vec<Pending>, Fault> {
        self.writers.hand_in_all(asks).await
    }

    /// Posts all of them in one transaction of their own; or none, where one is refused, or where it was not `wanted`
    /// anyway. Then those that would have been posted have no outcome.
    pub(crate) async fn post_together(&self, asks: &[Ask], wanted: bool) -> Result<Vec<Option<Outcome>>, Fault> {
        let asks: Vec<&Ask> = asks.iter().collect();
        rpc::retry(|| self.poster.post_together(&asks, wanted)).await
    }
}

#[cfg(test)]
mod tests;
