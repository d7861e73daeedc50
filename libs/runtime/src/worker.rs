use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use futures::future::join_all;
use kernel::{Clock, Time};
use store::Db;
use telemetry::Red;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::guard::{ClockGuard, ClockTrust, Doubted};
use crate::{Turn, caught};

/// Work that nobody calls. It takes no input: what to do follows from the tables and the clock alone, so that a missed,
/// doubled or crashed tick is repaired by the next one.
#[async_trait]
pub trait Worker: Send {
    /// What it is called in logs and figures: "`points.expire_lots`".
    fn name(&self) -> &str;

    /// Does a bounded piece of work and answers how much it was; 0 means that there is none left for now.
    async fn tick(&mut self) -> Result<usize, Fault>;

    /// Returns when there may be work again.
    async fn rest(&mut self);

    /// Whether there may be work that the last idle tick has not seen; wrong only by saying yes. None for a worker that
    /// looks at nothing but its own database and the clock: the loop that runs it sees whether these have changed.
    fn has_news(&self) -> Option<bool> {
        None
    }

    /// Applies a fact that it has parked once more, and then forgets that it was parked. Fails as the fact does; only a
    /// consumer of facts has any.
    async fn replay(&mut self, position: i64) -> Result<(), Fault> {
        Err(Fault::not_found("parked fact", position))
    }

    /// The turn is over: another replica does it from here on, and what this one has told of how it stands holds no longer.
    fn turn_ended(&mut self) {}

    /// Whether every replica does it, rather than the one whose turn it is: where what this process commits makes the work.
    fn is_of_every_replica(&self) -> bool {
        false
    }

    /// Whether the clock alone makes work for it: what others write may become due later, but never is when it is written.
    fn waits_for_clock(&self) -> bool {
        false
    }

    /// Whether it does what the clock makes due: expiry, lapse, timers, forgetting. None of that is done by a clock that may be
    /// wrong.
    fn does_due_work(&self) -> bool {
        false
    }
}

/// The pause after the first failed tick; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(100);
/// The longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Passes over all workers before [`Workers::settle`] gives up.
const PASSES_MAX: usize = 10_000;

/// The workers of a process, each a task of its own.
pub struct Workers {
    clock: Clock,
    trust: ClockTrust,
    turn: Turn,
    doubted: Doubted,
    /// By the services' names.
    guards: BTreeMap<String, Arc<ClockGuard>>,
    tracker: TaskTracker,
    stop: CancellationToken,
    handles: Vec<WorkerHandle>,
}

/// A running worker.
#[derive(Debug, Clone)]
pub struct WorkerHandle {
    pokes: mpsc::Sender<oneshot::Sender<Result<usize, String>>>,
}

impl Workers {
    /// None yet, of a process with this clock, which is believed or not.
    pub fn new(clock: Clock, trust: ClockTrust, red: Red) -> Self {
        Self {
            clock,
            trust,
            turn: Turn::always(),
            doubted: Doubted::new(red),
            guards: BTreeMap::new(),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            handles: Vec::new(),
        }
    }

    /// The same, whose workers work while it is the process's turn.
    #[must_use]
    pub fn taking_turns(self, turn: Turn) -> Self {
        Self { turn, ..self }
    }

    /// Starts a worker of the service whose database this is. It ends after the tick in which [`Workers::stop`] finds it.
    pub fn start(&mut self, worker: Box<dyn Worker>, db: &Db) {
        let (pokes, poked) = mpsc::channel(1);
        let span = tracing::info_span!(target: telemetry::LINES_ONLY, parent: None, "worker", name = worker.name());
        let guard = self.guard(db).filter(|_| worker.does_due_work());
        let turn = match worker.is_of_every_replica() {
            true => Turn::always(),
            false => self.turn.clone(),
        };
        let watched = Watched {
            worker,
            turn,
            guard,
            db: db.clone(),
            clock: self.clock.clone(),
            idle_at: None,
        };
        self.tracker
            .spawn(run(watched, poked, self.stop.clone()).instrument(span));
        self.handles.push(WorkerHandle { pokes });
    }

    /// Watches over the clock for a service, whether it has any work that the clock makes due or not: for all of them it is
    /// known when they were last seen at work.
    pub fn watch_clock(&mut self, db: &Db) {
        self.guard(db);
    }

    /// The guard of a service's clock; none where a hand turns it.
    fn guard(&mut self, db: &Db) -> Option<Arc<ClockGuard>> {
        if self.trust == ClockTrust::ByHand {
            return None;
        }
        let guard = self.guards.entry(db.service().to_owned()).or_insert_with(|| {
            let guard = Arc::new(ClockGuard::new(self.clock.clone(), db.clone(), self.doubted.clone()));
            let (watching, stop) = (guard.clone(), self.stop.clone());
            self.tracker.spawn(async move { watching.watch(stop).await });
            guard
        });
        Some(guard.clone())
    }

    /// Works until nobody has anything left to do: every worker ticks until it is idle, again and again, until a whole
    /// pass has found nothing. Answers how much was done.
    ///
    /// For tests, and for a platform whose clock is turned by hand. Fails with the first worker that fails.
    pub async fn settle(&self) -> Result<usize, Fault> {
        let mut total: usize = 0;
        for _ in 0..PASSES_MAX {
            let mut done: usize = 0;
            for outcome in join_all(self.handles.iter().map(WorkerHandle::poke)).await {
                done = done.saturating_add(outcome?);
            }
            if done == 0 {
                return Ok(total);
            }
            total = total.saturating_add(done);
        }
        Err(Fault::internal("the workers find work without end"))
    }

    /// Ends every worker after its present tick.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl WorkerHandle {
    /// Makes the worker tick until it is idle; answers how much it did.
    async fn poke(&self) -> Result<usize, Fault> {
        let (answer, answered) = oneshot::channel();
        let stopped = || Fault::unavailable("the worker has been stopped");
        self.pokes.send(answer).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?.map_err(Fault::internal)
    }
}

/// A worker, and what it had seen when it last found nothing to do.
struct Watched {
    worker: Box<dyn Worker>,
    turn: Turn,
    /// Where the worker does what the clock makes due.
    guard: Option<Arc<ClockGuard>>,
    db: Db,
    clock: Clock,
    idle_at: Option<(u64, Time)>,
}

impl Watched {
    fn has_news(&self) -> bool {
        let Some((commits, time)) = self.idle_at else {
            return true;
        };
        self.worker.has_news().unwrap_or_else(|| {
            let is_later = self.clock.now() != time;
            is_later || !self.worker.waits_for_clock() && self.db.commits() != Some(commits)
        })
    }

    /// What a worker sees of its database and the clock; nothing certain where others write too.
    fn sight(&self) -> Option<(u64, Time)> {
        Some((self.db.commits()?, self.clock.now()))
    }

    /// One tick; none where the clock is not believed, or is no longer.
    async fn tick(&mut self) -> Result<Option<usize>, Fault> {
        let tick = caught(self.worker.tick());
        match &self.guard {
            None => tick.await.map(Some),
            Some(guard) if guard.believes().await? => guard.during(tick).await.transpose(),
            Some(_) => Ok(None),
        }
    }

    async fn until_idle(&mut self, stop: &CancellationToken, done: &mut usize) -> Result<Left, Fault> {
        while !stop.is_cancelled() && self.turn.is_on() {
            // Looked at before the tick: what changes during it is news.
            let sight = self.sight();
            self.idle_at = None;
            match self.tick().await? {
                None => return Ok(Left::Refused),
                Some(0) => {
                    self.idle_at = sight;
                    break;
                }
                Some(more) => *done = done.saturating_add(more),
            }
        }
        Ok(Left::Nothing)
    }

    /// Waits until there may be work again.
    async fn rest(&mut self, left: Left) {
        match (left, &self.guard) {
            (Left::Refused, Some(guard)) => guard.belief().await,
            (Left::Refused | Left::Nothing, _) => self.worker.rest().await,
        }
    }
}

/// Why a worker stops working.
#[derive(Clone, Copy)]
enum Left {
    /// There is nothing to do.
    Nothing,
    /// The clock is not believed.
    Refused,
}

async fn run(
    mut watched: Watched,
    mut poked: mpsc::Receiver<oneshot::Sender<Result<usize, String>>>,
    stop: CancellationToken,
) {
    let mut backoff = BACKOFF;
    let mut trouble: Option<String> = None;
    let mut asker: Option<oneshot::Sender<Result<usize, String>>> = None;
    // What was done since somebody asked: it may have made work for a worker that had answered "nothing" before.
    let mut unreported: usize = 0;
    let turn = watched.turn.clone();
    loop {
        if !turn.is_on() {
            // What another replica has done meanwhile is news.
            watched.idle_at = None;
            watched.worker.turn_ended();
            let _ = asker
                .take()
                .map(|asker| asker.send(Ok(std::mem::take(&mut unreported))));
            asker = tokio::select! {
                () = stop.cancelled() => return,
                Some(poke) = poked.recv() => Some(poke),
                () = turn.begins() => None,
            };
            continue;
        }
        // A caller who asks learns at once that nothing has happened since the last look; the worker's own rest may know better.
        let outcome = match asker.is_none() || watched.has_news() {
            true => turn.during(watched.until_idle(&stop, &mut unreported)).await,
            false => Some(Ok(Left::Nothing)),
        };
        let Some(outcome) = outcome else { continue };
        let pause = match outcome {
            Ok(left) => {
                backoff = BACKOFF;
                if trouble.take().is_some() {
                    tracing::warn!(worker = watched.worker.name(), "the worker works again");
                }
                // The caller who asked may have gone.
                let _ = asker
                    .take()
                    .map(|asker| asker.send(Ok(std::mem::take(&mut unreported))));
                Ok(left)
            }
            Err(fault) => {
                let name = watched.worker.name();
                // Each trouble is told once, however long it lasts: a database that is away stops dozens of workers.
                let is_known = trouble.replace(fault.to_string()) == Some(fault.to_string());
                if is_known {
                    tracing::debug!(worker = name, %fault, pause = ?backoff, "a tick failed again");
                } else {
                    tracing::warn!(worker = name, %fault, "a tick failed and will be repeated until it succeeds");
                }
                let _ = asker.take().map(|asker| asker.send(Err(format!("{name}: {fault}"))));
                let pause = backoff;
                backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
                Err(pause)
            }
        };
        let rest = async {
            match pause {
                Ok(left) => watched.rest(left).await,
                Err(pause) => kernel::pause(pause).await,
            }
        };
        asker = tokio::select! {
            () = stop.cancelled() => return,
            () = turn.ends() => None,
            // Nobody can ask any more once the handles are gone; the worker goes on.
            Some(poke) = poked.recv() => Some(poke),
            () = rest => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Has so many pieces of work, and tells when it has done the last one.
    struct Pile {
        waits_for_clock: bool,
        left: Arc<AtomicUsize>,
        finished: Arc<Notify>,
    }

    #[async_trait]
    impl Worker for Pile {
        fn name(&self) -> &'static str {
            "test.pile"
        }

        async fn tick(&mut self) -> Result<usize, Fault> {
            let did = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
            if !did {
                self.finished.notify_one();
            }
            Ok(usize::from(did))
        }

        async fn rest(&mut self) {
            std::future::pending::<()>().await;
        }

        fn waits_for_clock(&self) -> bool {
            self.waits_for_clock
        }

        fn does_due_work(&self) -> bool {
            true
        }
    }

    /// An empty database in a folder of its own.
    async fn database() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let config = store::DbConfig::new(format!("sqlite:{}", folder.path().join("test.db").display()));
        let db = Db::open(&config, "test", Vec::new()).await.unwrap();
        (folder, db)
    }

    #[tokio::test]
    async fn a_caller_who_settles_learns_of_work_that_was_done_before() {
        let (left, finished) = (Arc::new(AtomicUsize::new(3)), Arc::new(Notify::new()));
        let (_folder, db) = database().await;
        let mut workers = Workers::new(Clock::manual(Time::EPOCH), ClockTrust::ByHand, Red::default());
        let pile = Pile {
            waits_for_clock: false,
            left: left.clone(),
            finished: finished.clone(),
        };
        workers.start(Box::new(pile), &db);
        finished.notified().await;
        assert_eq!(left.load(Ordering::SeqCst), 0, "it has worked without being asked");
        assert_eq!(workers.settle().await.unwrap(), 3);
        assert_eq!(workers.settle().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_caller_who_settles_makes_a_worker_look_again_after_a_commit_and_after_the_clock_was_turned() {
        let (left, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (_folder, db) = database().await;
        let clock = Clock::manual(Time::EPOCH);
        let mut workers = Workers::new(clock.clone(), ClockTrust::ByHand, Red::default());
        let pile = Pile {
            waits_for_clock: false,
            left: left.clone(),
            finished: finished.clone(),
        };
        workers.start(Box::new(pile), &db);
        finished.notified().await;
        assert_eq!(workers.settle().await.unwrap(), 0);

        // Nothing that it looks at has changed, so it is not made to look.
        left.store(2, Ordering::SeqCst);
        assert_eq!(workers.settle().await.unwrap(), 0);
        db.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(workers.settle().await.unwrap(), 2);

        left.store(1, Ordering::SeqCst);
        clock.turn_to(Time::from_seconds(1));
        assert_eq!(workers.settle().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_caller_who_settles_does_not_make_a_worker_that_waits_for_the_clock_look_after_a_commit() {
        let (left, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (_folder, db) = database().await;
        let clock = Clock::manual(Time::EPOCH);
        let mut workers = Workers::new(clock.clone(), ClockTrust::ByHand, Red::default());
        let pile = Pile {
            waits_for_clock: true,
            left: left.clone(),
            finished: finished.clone(),
        };
        workers.start(Box::new(pile), &db);
        finished.notified().await;
        assert_eq!(workers.settle().await.unwrap(), 0);

        left.store(1, Ordering::SeqCst);
        db.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(workers.settle().await.unwrap(), 0);
        clock.turn_to(Time::from_seconds(1));
        assert_eq!(workers.settle().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_caller_who_settles_where_it_is_another_replica_s_turn_learns_that_nothing_is_done() {
        let (left, finished) = (Arc::new(AtomicUsize::new(3)), Arc::new(Notify::new()));
        let (_folder, db) = database().await;
        let told = tokio::sync::watch::Sender::new(None);
        let workers = Workers::new(Clock::manual(Time::EPOCH), ClockTrust::ByHand, Red::default());
        let mut workers = workers.taking_turns(Turn::as_told(told.subscribe()));
        let pile = Pile {
            waits_for_clock: false,
            left: left.clone(),
            finished: finished.clone(),
        };
        workers.start(Box::new(pile), &db);
        assert_eq!(workers.settle().await.unwrap(), 0);
        assert_eq!(left.load(Ordering::SeqCst), 3);
        told.send_replace(Some(store::Fence::none()));
        finished.notified().await;
        assert_eq!(workers.settle().await.unwrap(), 3);
        told.send_replace(None);
        left.store(2, Ordering::SeqCst);
        assert_eq!(workers.settle().await.unwrap(), 0);
        workers.stop().await;
        assert_eq!(left.load(Ordering::SeqCst), 2, "what is left is another one's");
    }
}
