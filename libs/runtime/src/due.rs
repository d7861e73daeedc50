use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use store::{Db, Tx};

use crate::{Deps, Queue, Timer, Worker};

/// Rows whose time comes, and what becomes of them then: what expires, lapses or ends by the clock alone.
///
/// It finds rows by an index of those alone that still have their time before them, so that the ones that are done cost
/// nothing. What becomes of them is written with its facts in one transaction of a bounded number of rows, so that it can be
/// ended anywhere: what was committed is due no more, and the rest still is.
#[async_trait]
pub trait DueRows: Send + Sync {
    /// What a row is known by.
    type Key: Clone + Send + Sync;

    /// The name of the worker, of its queue and of its deadlines: "`rights.expire_coupons`".
    fn name(&self) -> &'static str;

    /// The tenants of which some row is due: one look into the index for each.
    async fn tenants(&self, now: Time) -> Result<Vec<Tenant>, Fault>;

    /// The next due rows of a tenant, as many as one transaction takes, without those that are set aside ([`store::stuck`]).
    /// Locks nothing.
    async fn find(&self, tenant: Tenant, now: Time) -> Result<Vec<Self::Key>, Fault>;

    /// How the queue calls a row.
    fn item(&self, key: &Self::Key) -> String;

    /// Locks those of the rows that are due still, writes what becomes of them, with its facts, and answers how many they
    /// were. Rows that another transaction has in hand may be left to it, or to the next look.
    async fn end(&self, tx: &Tx, tenant: Tenant, keys: Vec<Self::Key>, now: Time) -> Result<usize, Fault>;

    /// When a row comes due next after a time; asked only where somebody waits for it.
    async fn next(&self, after: Time) -> Result<Option<Time>, Fault>;
}

/// When due rows are looked for.
enum Pace {
    /// After a pause, many at a time: nobody waits for them.
    Every(Duration),
    /// At the deadline itself.
    AtDeadline(Timer),
}

/// The worker of some [`DueRows`]. Tenants take turns, a transaction each; a row that fails is set aside and holds up no
/// other; no row is ended by a clock that is not believed.
pub struct DueWork<R> {
    rows: R,
    pace: Pace,
    queue: Queue,
    clock: Clock,
    db: Db,
}

impl<R: DueRows> DueWork<R> {
    /// Looks again after a pause: for rows that nobody waits for, since a reader sees by the clock what became of them.
    pub fn every(pause: Duration, rows: R, deps: &Deps) -> Self {
        Self::new(Pace::Every(pause), rows, deps)
    }

    /// Looks at each deadline, and when a nearer one is committed ([`Tx::comes_due`] under the rows' name).
    pub fn at_deadline(rows: R, deps: &Deps) -> Self {
        Self::new(Pace::AtDeadline(Timer::new(rows.name(), deps)), rows, deps)
    }

    fn new(pace: Pace, rows: R, deps: &Deps) -> Self {
        Self {
            pace,
            queue: Queue::new(rows.name(), deps),
            rows,
            clock: deps.clock.clone(),
            db: deps.db.clone(),
        }
    }

    /// Ends some rows of a tenant in a transaction of their own.
    async fn end(&self, tenant: Tenant, keys: Vec<R::Key>, now: Time) -> Result<usize, Fault> {
        let tx = self.db.begin().await?;
        let ended = self.rows.end(&tx, tenant, keys, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends what is due of every tenant, a transaction each; answers how many rows it has ended or set aside.
    async fn look(&self, now: Time) -> Result<usize, Fault> {
        // Not how many were found: those that another replica has in hand would be looked for without a rest.
        let done = AtomicUsize::new(0);
        for tenant in self.rows.tenants(now).await? {
            let keys = self.rows.find(tenant, now).await?;
            let name = |key: &R::Key| (tenant, self.rows.item(key));
            let end = |keys| async {
                let ended = self.end(tenant, keys, now).await;
                done.fetch_add(*ended.as_ref().unwrap_or(&1), Ordering::Relaxed);
                ended.map(drop)
            };
            self.queue.attempt_all(keys, name, end).await?;
        }
        Ok(done.into_inner())
    }
}

#[async_trait]
impl<R: DueRows> Worker for DueWork<R> {
    fn name(&self) -> &str {
        self.rows.name()
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let now = match &mut self.pace {
            Pace::Every(_) => self.clock.now(),
            Pace::AtDeadline(timer) => timer.look(),
        };
        let done = self.look(now).await?;
        if let Pace::AtDeadline(timer) = &mut self.pace {
            timer.found_next(self.rows.next(now).await?);
        }
        Ok(done)
    }

    async fn rest(&mut self) {
        match &self.pace {
            Pace::Every(pause) => self.clock.sleep(*pause).await,
            Pace::AtDeadline(timer) => timer.rest().await,
        }
    }

    fn waits_for_clock(&self) -> bool {
        true
    }

    fn does_due_work(&self) -> bool {
        true
    }
}
