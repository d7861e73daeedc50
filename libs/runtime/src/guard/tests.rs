use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kernel::Time;
use store::DbConfig;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::*;
use crate::{Worker, Workers};

const START: Time = Time::from_seconds(1_800_000_000);
/// Long enough that the guard asks the database again, whether it doubts or not.
const A_WHILE: Duration = Duration::from_mins(2);

/// A service whose clock makes work due.
struct Stage {
    clock: Clock,
    db: Db,
    red: Red,
    workers: Workers,
    due: Due,
    folder: TempDir,
}

/// So many things are due.
#[derive(Clone, Default)]
struct Due {
    left: Arc<AtomicUsize>,
    /// Told whenever nothing is left.
    done: Arc<Notify>,
    /// Where there is one: a tick waits for it between its look at the clock and its commit.
    holdup: Option<Arc<Holdup>>,
}

#[derive(Default)]
struct Holdup {
    reached: Notify,
    over: Notify,
}

#[async_trait]
impl Worker for Due {
    fn name(&self) -> &'static str {
        "test.due"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        if self.left.load(Ordering::SeqCst) == 0 {
            self.done.notify_one();
            return Ok(0);
        }
        if let Some(holdup) = &self.holdup {
            holdup.reached.notify_one();
            holdup.over.notified().await;
        }
        self.left.fetch_sub(1, Ordering::SeqCst);
        Ok(1)
    }

    async fn rest(&mut self) {
        std::future::pending::<()>().await;
    }

    fn does_due_work(&self) -> bool {
        true
    }
}

async fn database(folder: &TempDir, name: &str) -> Db {
    let config = DbConfig::new(format!("sqlite:{}", folder.path().join(name).display()));
    Db::open(&config, name, Vec::new()).await.unwrap()
}

impl Stage {
    async fn new(seen_time: Option<Time>, now: Time) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder, "test").await;
        if let Some(seen_time) = seen_time {
            db.beat(seen_time).await.unwrap();
        }
        let (clock, red) = (Clock::manual(now), Red::default());
        Self {
            workers: Workers::new(clock.clone(), ClockTrust::Guarded, red.clone()),
            clock,
            db,
            red,
            due: Due::default(),
            folder,
        }
    }

    /// So many things are due from the beginning.
    async fn started(mut self, left: usize) -> Self {
        self.due.left.store(left, Ordering::SeqCst);
        self.workers.start(Box::new(self.due.clone()), &self.db);
        self.workers.settle().await.unwrap();
        self
    }

    /// What is left to do after a while.
    async fn left_after_a_while(&self) -> usize {
        self.clock.advance(A_WHILE);
        self.workers.settle().await.unwrap();
        self.due.left.load(Ordering::SeqCst)
    }

    fn becomes_due(&self) {
        self.due.left.store(1, Ordering::SeqCst);
    }

    fn doubted(&self) -> bool {
        let figures = self.red.prometheus_text();
        let level = figures.lines().find_map(|line| line.strip_prefix("clock_doubted "));
        level.expect("the level is told") != "0"
    }

    async fn seen_time(&self) -> Option<Time> {
        self.db.last_seen().await.unwrap().seen_time
    }
}

#[tokio::test]
async fn a_platform_that_is_started_a_year_ahead_does_nothing_that_is_due_until_somebody_agrees() {
    let stage = Stage::new(Some(START), START.plus_days(365)).await.started(3).await;
    assert_eq!((stage.left_after_a_while().await, stage.doubted()), (3, true));
    assert_eq!(stage.seen_time().await, Some(START), "and it is no sign of life");
    let doubt = stage.db.last_seen().await.unwrap().doubt.expect("the doubt is told");
    assert!(doubt.contains("more than 14 days"), "{doubt}");

    // Nobody asks the worker to look: it goes on by itself.
    stage.db.accept_clock(stage.clock.now()).await.unwrap();
    stage.clock.advance(Duration::from_secs(10));
    stage.due.done.notified().await;
    assert_eq!((stage.due.left.load(Ordering::SeqCst), stage.doubted()), (0, false));
    assert_eq!(stage.db.last_seen().await.unwrap().doubt, None);
}

#[tokio::test]
async fn a_platform_that_is_started_a_year_ahead_goes_on_by_itself_once_its_clock_is_set_right() {
    let stage = Stage::new(Some(START), START.plus_days(365)).await.started(3).await;
    assert_eq!(stage.left_after_a_while().await, 3);
    stage.clock.leap_to(START.plus_days(1));
    stage.clock.advance(Duration::from_secs(10));
    stage.due.done.notified().await;
    assert_eq!((stage.due.left.load(Ordering::SeqCst), stage.doubted()), (0, false));
}

#[tokio::test]
async fn a_new_platform_believes_its_clock_and_is_seen_at_work_every_minute() {
    let stage = Stage::new(None, START).await.started(2).await;
    assert_eq!((stage.left_after_a_while().await, stage.doubted()), (0, false));
    let seen_time = stage.seen_time().await.unwrap();
    assert!(seen_time >= START.plus(Duration::from_mins(1)), "{seen_time}");
}

#[tokio::test]
async fn a_clock_that_leaps_while_it_runs_makes_nothing_due_until_it_is_set_right() {
    let stage = Stage::new(None, START).await.started(0).await;
    for leap in [START.plus_days(365), START.plus_days(3), START.plus_days(-1)] {
        stage.becomes_due();
        let before = stage.clock.now();
        stage.clock.leap_to(leap);
        assert_eq!(stage.left_after_a_while().await, 1, "{leap}");
        stage.clock.leap_to(before.plus(A_WHILE));
        assert_eq!(stage.left_after_a_while().await, 0, "set right after {leap}");
    }
    // A time that passes is no leap, however long it is: the machine was asleep.
    stage.becomes_due();
    stage.clock.advance(Duration::from_hours(20 * 24));
    assert_eq!((stage.left_after_a_while().await, stage.doubted()), (0, false));
}

#[tokio::test]
async fn a_clock_that_leaps_during_a_tick_takes_the_tick_back() {
    let mut stage = Stage::new(None, START).await;
    let holdup = Arc::new(Holdup::default());
    stage.due.holdup = Some(holdup.clone());
    stage.due.left.store(1, Ordering::SeqCst);
    stage.workers.start(Box::new(stage.due.clone()), &stage.db);
    holdup.reached.notified().await;
    stage.clock.leap_to(START.plus_days(365));
    holdup.over.notify_one();
    assert_eq!((stage.left_after_a_while().await, stage.doubted()), (1, true));
}

#[tokio::test]
async fn an_operator_who_looked_at_another_clock_has_not_accepted_this_one() {
    let stage = Stage::new(Some(START), START.plus_days(365)).await.started(1).await;
    for right in [START.plus_days(1), START.plus_days(360)] {
        stage.db.accept_clock(right).await.unwrap();
        assert_eq!(stage.left_after_a_while().await, 1, "this one does not show {right}");
        assert_eq!(stage.left_after_a_while().await, 1, "and is not accepted later");
    }
    stage.db.accept_clock(stage.clock.now()).await.unwrap();
    assert_eq!(stage.left_after_a_while().await, 0);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_no_doubt_but_asked_again() {
    let stage = Stage::new(None, START).await.started(0).await;
    let run = async |sql: &str| {
        let tx = stage.db.begin().await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&*tx, sql).await.unwrap();
        tx.commit().await.unwrap();
    };
    run("ALTER TABLE heartbeat RENAME TO away").await;
    stage.becomes_due();
    stage.clock.advance(A_WHILE);
    stage.workers.settle().await.unwrap_err();
    assert_eq!((stage.due.left.load(Ordering::SeqCst), stage.doubted()), (1, false));
    run("ALTER TABLE away RENAME TO heartbeat").await;
    assert_eq!((stage.left_after_a_while().await, stage.doubted()), (0, false));
}

#[tokio::test]
async fn of_two_services_the_one_that_was_last_seen_too_long_ago_waits_alone() {
    let mut stage = Stage::new(Some(START), START.plus_days(20)).await;
    let other = database(&stage.folder, "other").await;
    other.beat(START.plus_days(19)).await.unwrap();
    let other_due = Due::default();
    other_due.left.store(1, Ordering::SeqCst);
    stage.workers.start(Box::new(other_due.clone()), &other);
    let stage = stage.started(1).await;
    assert_eq!(stage.left_after_a_while().await, 1);
    assert_eq!(other_due.left.load(Ordering::SeqCst), 0);
    assert!(stage.red.prometheus_text().contains("clock_doubted 1\n"));
}

#[tokio::test]
async fn a_replica_that_believes_its_clock_does_not_hide_the_doubt_of_another_one() {
    let stage = Stage::new(None, START).await.started(0).await;
    let (clock, due) = (Clock::manual(START), Due::default());
    let mut workers = Workers::new(clock.clone(), ClockTrust::Guarded, Red::default());
    workers.start(Box::new(due.clone()), &stage.db);
    workers.settle().await.unwrap();
    clock.leap_to(START.plus_days(3));
    due.left.store(1, Ordering::SeqCst);
    workers.settle().await.unwrap();
    stage.becomes_due();
    assert_eq!(stage.left_after_a_while().await, 0, "the other one works");
    assert_eq!(due.left.load(Ordering::SeqCst), 1);
    let doubt = stage.db.last_seen().await.unwrap().doubt.expect("the doubt is told");
    assert!(doubt.contains("has leapt"), "{doubt}");
}
