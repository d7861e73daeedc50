//! The posting engine: many requests share one transaction.
//!
//! A ledger lives by its commits. What arrives while one is under way waits in a bounded queue and makes up the next
//! transaction: no timer waits for more, so a caller who is alone waits for one plain transaction, and the more there
//! are, the more share a commit. Each is decided by itself: a refusal refuses nobody else, and what breaks its
//! transaction is singled out and breaks alone.
//!
//! Any number of engines, in any number of processes, may post to the same accounts: the database's locks keep them
//! apart. What names one member goes to one writer, which is only for speed, and so that postings of one member are decided
//! in the order in which they were handed in. What names a hold or an adjustment goes by that: whose it is stands in the
//! database, and is not asked for before the transaction.
//!
//! The writers end with their queues: when the last handle on the engine is gone, they post what was handed in before,
//! and end. So a service that has stopped, having answered its callers, has nothing left to post.

mod ask;
mod batch;
mod queue;
mod resolve;
mod writer;

pub(crate) use ask::{Ask, Subject};
pub(crate) use queue::Pending;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use fault::Fault;
use kernel::Clock;
use prost::Message;
use sea_orm::DbBackend;
use store::Db;
use tokio::sync::mpsc;

use batch::Batch;
pub(crate) use batch::Outcome;
use queue::{Job, Queue};
use writer::Writer;

/// Writers on PostgreSQL, where transactions run beside each other. A prototype on two cores was faster with two than with
/// one or four; this engine has only been measured with two.
const WRITERS_POSTGRES: usize = 2;
/// SQLite has one writer.
const WRITERS_SQLITE: usize = 1;
/// How many postings wait for one writer: what it posts within about a tenth of a second.
const QUEUE_MAX: usize = 4_096;
/// How many lots the postings of one transaction read, unless it is one posting alone that needs more: some megabytes. Of a
/// thousand members who each spend from their first few lots that is twice as much as they need.
const LOTS_MAX: usize = 16_384;

/// A handle on the engine of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    queues: Arc<[Queue]>,
    batch: Batch,
}

impl Engine {
    /// Starts the writers.
    pub(crate) fn start(clock: Clock, db: Db) -> Self {
        let writers = match db.backend() {
            DbBackend::Sqlite => WRITERS_SQLITE,
            _ => WRITERS_POSTGRES,
        };
        Self::with(Batch::new(clock, db, LOTS_MAX), writers, QUEUE_MAX)
    }

    fn with(batch: Batch, writers: usize, queue_max: usize) -> Self {
        let queues = (0..writers).map(|_| {
            let (queue, jobs) = mpsc::channel(queue_max);
            tokio::spawn(Writer::new(batch.clone()).run(jobs));
            Queue::new(queue)
        });
        Self {
            queues: queues.collect(),
            batch,
        }
    }

    /// Posts, and answers when it is durable. Refuses at once where too much waits.
    pub(crate) async fn post<A: Message + Default>(&self, ask: Ask) -> Result<A, Fault> {
        let answer = self.hand_in(ask)?.answer().await?;
        A::decode(&*answer).map_err(Fault::internal)
    }

    /// Hands one in, and does not wait for its answer. Refuses at once where too much waits.
    pub(crate) fn hand_in(&self, ask: Ask) -> Result<Pending, Fault> {
        let (job, pending) = Job::new(ask);
        self.queue_of(&job.ask).put(job)?;
        Ok(pending)
    }

    /// Hands one in as soon as there is room for it. For callers who are held back rather than turned away.
    pub(crate) async fn hand_in_when_room(&self, ask: Ask) -> Result<Pending, Fault> {
        let (job, pending) = Job::new(ask);
        self.queue_of(&job.ask).put_when_room(job).await?;
        Ok(pending)
    }

    /// Hands in all of them, in their order, each as soon as there is room for it.
    pub(crate) async fn hand_in_all(&self, asks: Vec<Ask>) -> Result<Vec<Pending>, Fault> {
        let mut pending = Vec::with_capacity(asks.len());
        for ask in asks {
            pending.push(self.hand_in_when_room(ask).await?);
        }
        Ok(pending)
    }

    /// Posts all of them in one transaction of their own; or none, where one is refused, or where it was not `wanted`
    /// anyway. Then those that would have been posted have no outcome.
    pub(crate) async fn post_together(&self, asks: &[Ask], wanted: bool) -> Result<Vec<Option<Outcome>>, Fault> {
        let asks: Vec<&Ask> = asks.iter().collect();
        rpc::retry(|| self.batch.post_together(&asks, wanted)).await
    }

    fn queue_of(&self, ask: &Ask) -> &Queue {
        let queue = self.queues.get(self.place_of(ask));
        let Some(queue) = queue else {
            panic!("an engine without writers")
        };
        queue
    }

    fn place_of(&self, ask: &Ask) -> usize {
        let mut hasher = DefaultHasher::new();
        (ask.key.tenant, ask.subject.named()).hash(&mut hasher);
        let writers = u64::try_from(self.queues.len()).unwrap_or(1);
        let place = hasher.finish().checked_rem(writers).unwrap_or(0);
        usize::try_from(place).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
