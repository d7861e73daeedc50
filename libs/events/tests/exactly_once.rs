//! Whatever fails on the way, each fact takes effect once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use events::{Consumer, Envelope, OutboxSource, Source, consume_from};
use fault::Fault;
use kernel::{Clock, Fact, Tenant, Time};
use runtime::Worker;
use sea_orm::ConnectionTrait;
use store::{Db, Draft, Migration, Stretch, Tx, insert_rows, statement};
use testkit::TestDb;

const TABLES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE effect (position BIGINT NOT NULL, number BIGINT NOT NULL)",
};

#[derive(Clone, PartialEq, prost::Message)]
struct Counted {
    #[prost(int64, tag = "1")]
    number: i64,
}
impl Fact for Counted {
    const TYPE: &'static str = "test.counted";
}

#[derive(Clone, PartialEq, prost::Message)]
struct Ignored {}
impl Fact for Ignored {
    const TYPE: &'static str = "test.ignored";
}

/// The outbox of the same database, which never says that there is nothing new.
struct Outbox(OutboxSource);

#[async_trait]
impl Source for Outbox {
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
        self.0.pull(after, facts_max).await
    }

    async fn wait(&mut self, _: i64) {}
}

/// Writes a row for each fact; fails as told.
struct Write {
    /// The batch that fails after its rows were written: the transaction must take them back.
    fail_batch: Option<usize>,
    /// The number that can never be applied.
    refuse: Option<i64>,
    /// The number at which it panics.
    panic_at: Option<i64>,
    batches: Arc<AtomicUsize>,
}

#[async_trait]
impl Consumer for Write {
    fn name(&self) -> &'static str {
        "test.write"
    }

    fn stream(&self) -> &'static str {
        "test"
    }

    fn types(&self) -> &'static [&'static str] {
        &[Counted::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let batch = self.batches.fetch_add(1, Ordering::SeqCst);
        let mut rows = Vec::new();
        for fact in facts {
            let number = fact.decode::<Counted>()?.number;
            if Some(number) == self.refuse {
                return Err(Fault::invalid("number", "cannot be applied"));
            }
            assert!(Some(number) != self.panic_at, "no wheel runs through {number}");
            rows.push(vec![fact.position.into(), number.into()]);
        }
        insert_rows(&**tx, "INSERT INTO effect (position, number)", rows, "").await?;
        match Some(batch) == self.fail_batch {
            true => Err(Fault::internal("crashed before the commit")),
            false => Ok(()),
        }
    }
}

struct World {
    db: Db,
    clock: Clock,
    test_db: TestDb,
}

/// A database with facts 1 to `count`, every tenth of which nobody wants.
async fn world(count: i64) -> World {
    let (clock, test_db) = (
        Clock::manual(Time::from_seconds(1_800_000_000)),
        TestDb::new(vec![TABLES]).await,
    );
    let (db, tenant) = (test_db.db(), Tenant::from_uuid(clock.uuid()));
    let tx = db.begin().await.unwrap();
    let facts = (1..=count).map(|number| match number % 10 {
        0 => Draft::new(tenant, "subject", &Ignored {}),
        _ => Draft::new(tenant, "subject", &Counted { number }),
    });
    tx.emit_all(&clock, facts.collect()).await.unwrap();
    tx.commit().await.unwrap();
    while db.sequence().await.unwrap() > 0 {}
    World { db, clock, test_db }
}

impl World {
    /// Tells so many facts more.
    async fn tell<F: Fact + prost::Message>(&self, count: usize, fact: impl Fn(usize) -> F) {
        let tenant = Tenant::from_uuid(self.clock.uuid());
        let facts = (0..count).map(|number| Draft::new(tenant, "subject", &fact(number)));
        let tx = self.db.begin().await.unwrap();
        tx.emit_all(&self.clock, facts.collect()).await.unwrap();
        tx.commit().await.unwrap();
        while self.db.sequence().await.unwrap() > 0 {}
    }

    fn worker(&self, consumer: Write) -> Box<dyn Worker> {
        self.worker_on(&self.db, consumer)
    }

    fn worker_on(&self, db: &Db, consumer: Write) -> Box<dyn Worker> {
        consume_from(db, &self.clock, Outbox(self.outbox()), consumer)
    }

    fn outbox(&self) -> OutboxSource {
        OutboxSource::new(&self.db, &[Counted::TYPE])
    }

    async fn effects(&self) -> Vec<i64> {
        let conn = self.db.read();
        let rows = conn
            .query_all_raw(statement(conn, "SELECT number FROM effect ORDER BY position", []))
            .await
            .unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

fn write() -> Write {
    Write {
        fail_batch: None,
        refuse: None,
        panic_at: None,
        batches: Arc::default(),
    }
}

fn wanted(count: i64) -> Vec<i64> {
    (1..=count).filter(|number| number % 10 != 0).collect()
}

/// Ticks until idle, as the runner does, through failures.
async fn drive(worker: &mut dyn Worker) {
    for _ in 0..1_000 {
        if let Ok(0) = worker.tick().await {
            return;
        }
    }
    panic!("the worker does not come to rest");
}

#[tokio::test]
async fn facts_are_applied_in_order_and_in_batches() {
    let world = world(2_000).await;
    let consumer = write();
    let batches = consumer.batches.clone();
    drive(&mut *world.worker(consumer)).await;
    assert_eq!(world.effects().await, wanted(2_000));
    assert_eq!(batches.load(Ordering::SeqCst), wanted(2_000).len().div_ceil(512));
}

#[tokio::test]
async fn a_crash_between_effect_and_commit_repeats_nothing() {
    let world = world(1_500).await;
    drive(&mut *world.worker(Write {
        fail_batch: Some(1),
        ..write()
    }))
    .await;
    // Another process goes on where the first one was.
    drive(&mut *world.worker(write())).await;
    assert_eq!(world.effects().await, wanted(1_500));
}

#[tokio::test]
async fn two_replicas_share_the_facts_and_double_none() {
    let world = world(3_000).await;
    let replica = world.test_db.another(vec![TABLES]).await;
    let (mut first, mut second) = (world.worker(write()), world.worker_on(&replica, write()));
    tokio::join!(drive(&mut *first), drive(&mut *second));
    assert_eq!(world.effects().await, wanted(3_000));
}

#[tokio::test]
async fn a_fact_that_cannot_be_applied_is_put_aside_and_stops_nobody() {
    let world = world(1_200).await;
    drive(&mut *world.worker(Write {
        refuse: Some(777),
        ..write()
    }))
    .await;
    let expected: Vec<i64> = wanted(1_200).into_iter().filter(|number| *number != 777).collect();
    assert_eq!(world.effects().await, expected);
    let parked = world.db.parked_facts(10).await.unwrap();
    assert_eq!(
        parked
            .iter()
            .map(|fact| (fact.position, fact.kind.as_str()))
            .collect::<Vec<_>>(),
        [(777, Counted::TYPE)]
    );
    assert!(parked[0].reason.contains("cannot be applied"));
}

#[tokio::test]
async fn a_fact_at_which_its_consumer_panics_is_put_aside_and_applied_once_that_is_mended() {
    let world = world(600).await;
    drive(&mut *world.worker(Write {
        panic_at: Some(333),
        ..write()
    }))
    .await;
    let but_one: Vec<i64> = wanted(600).into_iter().filter(|number| *number != 333).collect();
    assert_eq!(world.effects().await, but_one);
    let parked = world.db.parked_facts(10).await.unwrap();
    assert!(parked[0].reason.contains("no wheel runs through 333"), "{parked:?}");

    let still = Write {
        panic_at: Some(333),
        ..write()
    };
    assert!(world.worker(still).replay(333).await.is_err());
    assert_eq!(
        world.db.parked_positions().await.unwrap(),
        [("test.write".to_owned(), 333)]
    );

    let mut mended = world.worker(write());
    mended.replay(333).await.unwrap();
    assert_eq!(world.effects().await, wanted(600));
    assert_eq!(world.db.parked_positions().await.unwrap(), []);
    assert!(mended.replay(333).await.is_err(), "it is applied once");
}

#[tokio::test]
async fn facts_that_nobody_wants_are_passed_without_a_transaction_until_there_are_many() {
    let world = world(0).await;
    let mut worker = world.worker(write());
    let position = async || world.db.consumer_positions().await.unwrap()[0].position;
    world.tell(3, |_| Ignored {}).await;
    drive(&mut *worker).await;
    assert_eq!(position().await, 0, "a restart passes over them again");
    world.tell(1, |_| Counted { number: 7 }).await;
    drive(&mut *worker).await;
    assert_eq!(position().await, 4);

    world.tell(4_095, |_| Ignored {}).await;
    drive(&mut *worker).await;
    assert_eq!(position().await, 4);
    world.tell(2, |_| Ignored {}).await;
    drive(&mut *worker).await;
    assert_eq!(position().await, 4_101);
    world.tell(1, |_| Counted { number: 8 }).await;
    drive(&mut *world.worker(write())).await;
    drive(&mut *worker).await;
    assert_eq!(world.effects().await, [7, 8]);
}

#[tokio::test]
async fn the_outbox_of_a_service_in_this_process_tells_whether_there_is_news() {
    let world = world(1).await;
    let mut worker = consume_from(&world.db, &world.clock, world.outbox(), write());
    drive(&mut *worker).await;
    assert_eq!(world.effects().await, [1]);
    let is_certain = world.db.commits().is_some();
    assert_eq!(worker.has_news(), Some(!is_certain), "elsewhere others may write");
    world.tell(1, |_| Ignored {}).await;
    assert_eq!(worker.has_news(), Some(!is_certain), "that is not wanted");
    world.tell(1, |_| Counted { number: 2 }).await;
    assert_eq!(worker.has_news(), Some(true));
    drive(&mut *worker).await;
    assert_eq!(world.effects().await, [1, 2]);
}

#[tokio::test]
async fn a_fact_that_was_lost_on_the_way_is_seen_and_nothing_is_applied_past_it() {
    let world = world(100).await;
    testkit::lose_fact(&world.db, 50).await;
    let fault = world.worker(write()).tick().await.unwrap_err().to_string();
    assert!(fault.contains("facts are missing"), "{fault}");
    assert_eq!(world.effects().await, Vec::<i64>::new());
}
