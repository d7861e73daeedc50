use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use futures::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

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
}

/// The pause after the first failed tick; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(100);
/// The longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Passes over all workers before [`Workers::settle`] gives up.
const PASSES_MAX: usize = 10_000;

/// The workers of a process, each a task of its own.
#[derive(Debug, Default)]
pub struct Workers {
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
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a worker. It ends after the tick in which [`Workers::stop`] finds it.
    pub fn start(&mut self, worker: Box<dyn Worker>) {
        let (pokes, poked) = mpsc::channel(1);
        let span = tracing::info_span!(parent: None, "worker", otel.name = worker.name());
        self.tracker
            .spawn(run(worker, poked, self.stop.clone()).instrument(span));
        self.handles.push(WorkerHandle { pokes });
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

async fn run(
    mut worker: Box<dyn Worker>,
    mut poked: mpsc::Receiver<oneshot::Sender<Result<usize, String>>>,
    stop: CancellationToken,
) {
    let mut backoff = BACKOFF;
    let mut asker: Option<oneshot::Sender<Result<usize, String>>> = None;
    // What was done since somebody asked: it may have made work for a worker that had answered "nothing" before.
    let mut unreported: usize = 0;
    loop {
        let pause = match until_idle(&mut *worker, &stop, &mut unreported).await {
            Ok(()) => {
                backoff = BACKOFF;
                // Whoever asked may have gone.
                let _ = asker
                    .take()
                    .map(|asker| asker.send(Ok(std::mem::take(&mut unreported))));
                None
            }
            Err(fault) => {
                tracing::warn!(worker = worker.name(), %fault, pause = ?backoff, "a tick failed and will be repeated");
                let _ = asker
                    .take()
                    .map(|asker| asker.send(Err(format!("{}: {fault}", worker.name()))));
                let pause = backoff;
                backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
                Some(pause)
            }
        };
        let rest = async {
            match pause {
                None => worker.rest().await,
                Some(pause) => kernel::pause(pause).await,
            }
        };
        asker = tokio::select! {
            () = stop.cancelled() => return,
            // Nobody can ask any more once the handles are gone; the worker goes on.
            Some(poke) = poked.recv() => Some(poke),
            () = rest => None,
        };
    }
}

async fn until_idle(worker: &mut dyn Worker, stop: &CancellationToken, done: &mut usize) -> Result<(), Fault> {
    while !stop.is_cancelled() {
        match worker.tick().await? {
            0 => break,
            more => *done = done.saturating_add(more),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Has so many pieces of work, and tells when it has done the last one.
    struct Pile {
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
    }

    #[tokio::test]
    async fn whoever_settles_learns_of_work_that_was_done_before_he_asked() {
        let (left, finished) = (Arc::new(AtomicUsize::new(3)), Arc::new(Notify::new()));
        let mut workers = Workers::new();
        workers.start(Box::new(Pile {
            left: left.clone(),
            finished: finished.clone(),
        }));
        finished.notified().await;
        assert_eq!(left.load(Ordering::SeqCst), 0, "it has worked without being asked");
        assert_eq!(workers.settle().await.unwrap(), 3);
        assert_eq!(workers.settle().await.unwrap(), 0);
    }
}
