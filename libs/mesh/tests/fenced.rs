//! A leader that stands still for longer than its lease: what it writes when it goes on is refused, for another one leads.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use mesh::{InDatabase, follow};
use runtime::{ClockTrust, Turn, Worker, Workers};
use sea_orm::ConnectionTrait;
use store::{Db, Migration, is_serial, statement};
use telemetry::Red;
use testkit::TestDb;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// A piece of work that is done once. Nothing but the lease keeps two workers from doing it.
const WORK: Migration = Migration {
    name: "test_0001_work",
    sql: "CREATE TABLE work (done_by BIGINT NOT NULL);",
};

/// Where a process stands still.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Between two transactions.
    Begin,
    /// In one, with all written.
    Commit,
}

type Outcomes = Arc<Mutex<Vec<Result<(), String>>>>;

/// Does the work where it finds it undone. Between the look and the deed its process may stand still.
struct Doer {
    number: i64,
    db: Db,
    stands_still: Option<(At, SyncSender<()>, Receiver<()>)>,
    outcomes: Outcomes,
}

impl Doer {
    /// As a process does that is stopped: nothing of it goes on, for this is its only thread.
    fn stand_still(&mut self, place: At) {
        if let Some((at, stands, goes_on)) = self.stands_still.take() {
            if at == place {
                stands.send(()).unwrap();
                goes_on.recv().unwrap();
            } else {
                self.stands_still = Some((at, stands, goes_on));
            }
        }
    }

    async fn work(&mut self) -> Result<(), Fault> {
        self.stand_still(At::Begin);
        let tx = self.db.begin().await?;
        if !is_serial(self.db.backend()) {
            // PostgreSQL would end its session before the lease ends; another time limit, or another process, may not.
            tx.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
                .await?;
        }
        let done = statement(&*tx, "INSERT INTO work (done_by) VALUES ($1)", [self.number.into()]);
        tx.execute_raw(done).await?;
        self.stand_still(At::Commit);
        tx.commit().await
    }
}

#[async_trait]
impl Worker for Doer {
    fn name(&self) -> &'static str {
        "test.work"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        if !done_by(&self.db).await.is_empty() {
            return Ok(0);
        }
        let outcome = self.work().await;
        let told = outcome.as_ref().map(|&()| ()).map_err(ToString::to_string);
        self.outcomes.lock().unwrap().push(told);
        outcome.map(|()| 1)
    }

    async fn rest(&mut self) {
        std::future::pending::<()>().await;
    }
}

async fn done_by(db: &Db) -> Vec<i64> {
    let look = statement(db.read(), "SELECT done_by FROM work", []);
    let rows = db.read().query_all_raw(look).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// A process of one thread that wants to lead and to work. Ended when it is dropped, as by a kill.
struct Process(Option<Runtime>);

impl Process {
    fn start(doer: Doer) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let db = doer.db.clone();
            let turn = watch::Sender::new(None);
            let workers = Workers::new(Clock::system(), ClockTrust::ByHand, Red::default());
            let mut workers = workers.taking_turns(Turn::as_told(turn.subscribe()));
            workers.start(Box::new(doer), &db);
            follow(&InDatabase::new(db), "test.workers", &turn, std::future::pending()).await;
        });
        Self(Some(runtime))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn one_stands_still_and_another_leads(at: At) {
    let test_db = TestDb::new(vec![WORK]).await;
    let db = test_db.db();
    if at == At::Commit && is_serial(db.backend()) {
        // Nobody writes beside it, and so nobody takes the lease.
        return;
    }
    let (stands, stood) = sync_channel(1);
    let (go_on, goes_on) = sync_channel(1);
    let (of_first, of_second) = (Outcomes::default(), Outcomes::default());
    let first = Process::start(Doer {
        number: 1,
        db: test_db.another(vec![WORK]).await,
        stands_still: Some((at, stands, goes_on)),
        outcomes: of_first.clone(),
    });
    tokio::task::spawn_blocking(move || stood.recv())
        .await
        .unwrap()
        .unwrap();
    let second = Process::start(Doer {
        number: 2,
        db: test_db.another(vec![WORK]).await,
        stands_still: None,
        outcomes: of_second.clone(),
    });
    testkit::until("the other one has led, and done it", vec![2], async || {
        done_by(&db).await
    })
    .await;
    go_on.send(()).unwrap();
    testkit::until("the first one has gone on", 1, async || of_first.lock().unwrap().len()).await;
    let outcome = of_first.lock().unwrap().remove(0);
    assert!(
        outcome.clone().is_err_and(|told| told.contains("has lost the lease")),
        "{outcome:?}"
    );
    assert_eq!(done_by(&db).await, [2], "it is done once");
    assert_eq!(*of_second.lock().unwrap(), [Ok(())]);
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_stood_still_begins_nothing_more() {
    one_stands_still_and_another_leads(At::Begin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_stood_still_does_not_end_what_it_began() {
    one_stands_still_and_another_leads(At::Commit).await;
}
