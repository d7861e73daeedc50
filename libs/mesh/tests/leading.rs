//! Several replicas on one database: one of them works, and another one goes on when it no longer does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use futures::FutureExt;
use kernel::Clock;
use mesh::{InDatabase, Leadership, Unopposed, follow};
use runtime::{ClockTrust, Turn, Worker, Workers};
use sea_orm::ConnectionTrait;
use store::{Db, Fence, statement};
use telemetry::Red;
use testkit::TestDb;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ROLE: &str = "test.workers";
/// More than the time of a lease that nobody gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What work comes to, where it comes to an end.
async fn ended<T>(what: &str, work: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, work).await;
    outcome.unwrap_or_else(|_| panic!("it never came: {what}"))
}

/// Counts its ticks; in every one of them it waits for a moment, or for ever.
struct Counting {
    name: &'static str,
    ticks: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    is_of_every_replica: bool,
    hangs: bool,
}

/// Tells that a tick did not come to its end.
struct Told<'a>(&'a AtomicUsize, bool);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Worker for Counting {
    fn name(&self) -> &str {
        self.name
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let mut told = Told(&self.dropped, false);
        self.ticks.fetch_add(1, Ordering::SeqCst);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        told.1 = true;
        Ok(0)
    }

    async fn rest(&mut self) {
        kernel::pause(Duration::from_millis(1)).await;
    }

    fn is_of_every_replica(&self) -> bool {
        self.is_of_every_replica
    }
}

/// A replica with a worker that works in turn, one of every replica's, and one whose ticks never end.
struct Replica {
    turn: watch::Sender<Option<Fence>>,
    ticks: Arc<AtomicUsize>,
    everywhere: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    end: CancellationToken,
    following: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Replica {
    fn start(db: &Db) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let within = runtime.enter();
        let turn = watch::Sender::new(None);
        let (ticks, everywhere, dropped) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let workers = Workers::new(Clock::system(), ClockTrust::ByHand, Red::default());
        let mut workers = workers.taking_turns(Turn::as_told(turn.subscribe()));
        for (name, ticks, is_of_every_replica, hangs) in [
            ("test.in_turn", ticks.clone(), false, false),
            ("test.everywhere", everywhere.clone(), true, false),
            ("test.hangs", Arc::default(), false, true),
        ] {
            let dropped = dropped.clone();
            workers.start(
                Box::new(Counting {
                    name,
                    ticks,
                    dropped,
                    is_of_every_replica,
                    hangs,
                }),
                db,
            );
        }
        let (leadership, told, end) = (InDatabase::new(db.clone()), turn.clone(), CancellationToken::new());
        let asked = end.clone();
        let following = tokio::spawn(async move {
            let lease = follow(&leadership, ROLE, &told, asked.cancelled()).await;
            told.send_replace(None);
            workers.stop().await;
            if let Some(lease) = lease {
                lease.give_up().await;
            }
        });
        drop(within);
        Self {
            turn,
            ticks,
            everywhere,
            dropped,
            end,
            following: Some(following),
            runtime: Some(runtime),
        }
    }

    fn leads(&self) -> bool {
        self.turn.borrow().is_some()
    }

    async fn works(&self) {
        let before = self.ticks.load(Ordering::SeqCst);
        testkit::until("it works", true, async || {
            self.ticks.load(Ordering::SeqCst) > before + 3
        })
        .await;
    }

    /// As a process that is killed: it does nothing more, and says nothing.
    fn kill(self) {
        drop(self);
    }

    async fn stop(mut self) {
        self.end.cancel();
        ended("the end of a replica that is stopped", self.following.take().unwrap())
            .await
            .unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn the_leader_of<'a>(one: &'a Replica, other: &'a Replica) -> (&'a Replica, &'a Replica) {
    testkit::until("one of them leads", 1, async || {
        usize::from(one.leads()) + usize::from(other.leads())
    })
    .await;
    match one.leads() {
        true => (one, other),
        false => (other, one),
    }
}

async fn execute(db: &Db, sql: &str) {
    let tx = db.begin().await.unwrap();
    tx.execute_raw(statement(&*tx, sql, [])).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_works_and_another_goes_on_when_its_lease_is_lost() {
    let test_db = TestDb::new(Vec::new()).await;
    let db = test_db.db();
    let (one, other) = (Replica::start(&db), Replica::start(&db));
    let (leader, follower) = the_leader_of(&one, &other).await;
    leader.works().await;
    assert_eq!(follower.ticks.load(Ordering::SeqCst), 0, "only one works");
    testkit::until("what every replica does, it does", true, async || {
        follower.everywhere.load(Ordering::SeqCst) > 3
    })
    .await;

    // Another one has it, as after a partition: nobody leads here any more.
    let usurped = "UPDATE lease SET token = token + 1, expire_time = 9000000000000000";
    execute(&db, usurped).await;
    testkit::until("nobody leads", (false, false), async || (one.leads(), other.leads())).await;
    testkit::until("the tick that never ends was dropped", 1, async || {
        leader.dropped.load(Ordering::SeqCst)
    })
    .await;
    let (first, second) = (one.ticks.load(Ordering::SeqCst), other.ticks.load(Ordering::SeqCst));
    let everywhere = leader.everywhere.load(Ordering::SeqCst);
    testkit::until("time passes", true, async || {
        leader.everywhere.load(Ordering::SeqCst) > everywhere + 20
    })
    .await;
    assert_eq!(
        (one.ticks.load(Ordering::SeqCst), other.ticks.load(Ordering::SeqCst)),
        (first, second),
        "nobody works"
    );

    // That one has gone, and with it its row: one of the two leads again.
    execute(&db, "DELETE FROM lease").await;
    let (leader, _) = the_leader_of(&one, &other).await;
    leader.works().await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_dies_or_stops_is_followed() {
    let test_db = TestDb::new(Vec::new()).await;
    let (db, other_db) = (test_db.db(), test_db.another(Vec::new()).await);
    let (one, other) = (Replica::start(&db), Replica::start(&other_db));
    let (leads, _) = the_leader_of(&one, &other).await;
    let (leader, follower) = match std::ptr::eq(leads, &raw const one) {
        true => (one, other),
        false => (other, one),
    };
    leader.works().await;
    leader.kill();
    testkit::until("the other one leads", true, async || follower.leads()).await;
    follower.works().await;

    let third = Replica::start(&db);
    follower.stop().await;
    testkit::until("the third one leads", true, async || third.leads()).await;
    third.works().await;
    third.stop().await;
}

#[tokio::test]
async fn the_tokens_of_leaders_grow_and_a_lease_that_was_given_up_is_free_at_once() {
    let test_db = TestDb::new(Vec::new()).await;
    let (db, another) = (test_db.db(), Clock::system().uuid());
    let leadership = InDatabase::new(db.clone());
    let mut last = 0;
    for _ in 0..2 {
        let lease = ended("a lease that nobody has", leadership.lead(ROLE)).await.unwrap();
        assert!(lease.token() > last, "{} after {last}", lease.token());
        let taken = db.take_lease(ROLE, another, PATIENCE).await.unwrap();
        assert_eq!(taken, None, "it is another one's");
        let held = lease.token();
        ended("the end of a lease that is given up", lease.give_up()).await;
        // Asked once, without waiting.
        let taken = db.take_lease(ROLE, another, PATIENCE).await.unwrap();
        last = taken.expect("a lease that was given up is free at once");
        assert!(last > held, "{last} after {held}");
        assert!(db.end_lease(ROLE, another, last).await.unwrap());
    }
    let mut lease = ended("a lease that nobody has", leadership.lead(ROLE)).await.unwrap();
    execute(&db, "DELETE FROM lease").await;
    ended("the loss of a lease whose row has gone", lease.lost()).await;
}

#[tokio::test]
async fn the_only_replica_leads_at_once() {
    let only = Unopposed::default();
    let lead = only.lead(ROLE).now_or_never();
    let mut lease = lead.expect("it does not wait").unwrap();
    assert!(lease.lost().now_or_never().is_none(), "nobody takes it away");
    lease.give_up().await;
}
