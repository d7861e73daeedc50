//! Facts over a real NATS: whatever it loses and whoever is killed, each fact takes effect once, in its order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, Context};
use async_trait::async_trait;
use events::{Consumer, Envelope, JetStream, JetStreamConfig, Login, OutboxFacts, Way, Window, consume, sequencer};
use fault::Fault;
use kernel::{Clock, Fact, Tenant, Time};
use rpc::{Peers, Signer};
use runtime::{ClockTrust, Deps, Worker, Workers};
use sea_orm::ConnectionTrait;
use store::{Db, Draft, Migration, Tx, insert_rows, statement};
use telemetry::Red;
use testkit::{NatsServer, TestDb, until};

const CONSUMER: &str = "test.write";
const DURABLE: &str = "test_write";
const SERVICE: &str = "test";
const STREAM: &str = "quanyu_main_facts_test";
const PATIENCE: Duration = Duration::from_secs(20);

const TABLES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE effect (at INTEGER PRIMARY KEY, number BIGINT NOT NULL)",
};
const TABLES_OF_POSTGRES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE effect (at BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number BIGINT NOT NULL)",
};

#[derive(Clone, PartialEq, prost::Message)]
struct Counted {
    #[prost(int64, tag = "1")]
    number: i64,
    #[prost(bytes = "vec", tag = "2")]
    ballast: Vec<u8>,
}
impl Fact for Counted {
    const TYPE: &'static str = "test.counted";
}

#[derive(Clone, PartialEq, prost::Message)]
struct Ignored {}
impl Fact for Ignored {
    const TYPE: &'static str = "test.ignored";
}

/// Writes a row for each fact, in their order.
struct Write {
    refuse: Option<i64>,
}

#[async_trait]
impl Consumer for Write {
    fn name(&self) -> &'static str {
        CONSUMER
    }

    fn stream(&self) -> &'static str {
        SERVICE
    }

    fn types(&self) -> &'static [&'static str] {
        &[Counted::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut rows = Vec::new();
        for fact in facts {
            let number = fact.decode::<Counted>()?.number;
            if Some(number) == self.refuse {
                return Err(Fault::invalid("number", "cannot be applied"));
            }
            rows.push(vec![number.into()]);
        }
        insert_rows(&**tx, "INSERT INTO effect (number)", rows, "").await?;
        Ok(())
    }
}

/// A service whose facts a consumer beside it hears over NATS.
struct World {
    server: NatsServer,
    nats: JetStream,
    context: Context,
    clock: Clock,
    tenant: Tenant,
    db: Db,
    _test_db: TestDb,
}

async fn connect(server: &NatsServer) -> JetStream {
    let config = JetStreamConfig {
        urls: vec![server.url()],
        process: "test".to_owned(),
        platform: "main".to_owned(),
        login: Login::Nobody,
        ca_file: None,
        replicas: 1,
        max_age: Duration::from_hours(1),
    };
    let nats = JetStream::start(config).await.unwrap();
    assert!(nats.connected_within(PATIENCE).await);
    nats
}

impl World {
    async fn new() -> Self {
        let server = NatsServer::start().await;
        let tables = match testkit::server() {
            Some(_) => TABLES_OF_POSTGRES,
            None => TABLES,
        };
        let test_db = TestDb::new(vec![tables]).await;
        let clock = Clock::manual(Time::from_seconds(1_800_000_000));
        Self {
            nats: connect(&server).await,
            context: jetstream::new(async_nats::connect(server.url()).await.unwrap()),
            server,
            tenant: Tenant::from_uuid(clock.uuid()),
            clock,
            db: test_db.db(),
            _test_db: test_db,
        }
    }

    fn publisher(&self) -> Box<dyn Worker> {
        self.nats.publisher(SERVICE, &self.db)
    }

    fn consumer(&self, refuse: Option<i64>) -> Box<dyn Worker> {
        let feed = Arc::new(OutboxFacts::new(BTreeMap::from([(SERVICE, self.db.clone())])));
        let deps = Deps {
            clock: self.clock.clone(),
            db: self.db.clone(),
            peers: Peers::new(SERVICE, Signer::new(&[7; 32]), BTreeMap::new()),
            facts: Arc::new(self.nats.facts(feed)),
            red: Red::default(),
        };
        consume(&deps, Write { refuse })
    }

    /// What a process runs: the sequencer, the publisher and the consumer.
    fn run(&self) -> Workers {
        let mut workers = Workers::new(self.clock.clone(), ClockTrust::ByHand, Red::default());
        for worker in [sequencer(self.db.clone()), self.publisher(), self.consumer(None)] {
            workers.start(worker, &self.db);
        }
        workers
    }

    /// Tells facts of these numbers, and one that nobody wants after each fifth.
    async fn tell(&self, numbers: impl IntoIterator<Item = i64>) {
        let mut facts = Vec::new();
        for number in numbers {
            let ballast = Vec::new();
            facts.push(Draft::new(self.tenant, "subject", &Counted { number, ballast }));
            if number % 5 == 0 {
                facts.push(Draft::new(self.tenant, "nobody", &Ignored {}));
            }
        }
        let tx = self.db.begin().await.unwrap();
        tx.emit_all(&self.clock, facts).await.unwrap();
        tx.commit().await.unwrap();
        while self.db.sequence().await.unwrap() > 0 {}
    }

    async fn effects(&self) -> Vec<i64> {
        let conn = self.db.read();
        let rows = conn
            .query_all_raw(statement(conn, "SELECT number FROM effect ORDER BY at", []))
            .await
            .unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Waits until the facts of 1 to `last` have taken effect, and sees that each did once and in its order.
    async fn applied(&self, last: i64) {
        until("facts take effect", Some(last), async || {
            self.effects().await.last().copied()
        })
        .await;
        assert_eq!(self.effects().await, (1..=last).collect::<Vec<_>>());
    }

    /// Waits until the consumer reads from the stream, which is as far as the outbox.
    async fn flows(&self) {
        let head = self.db.last_position().await.unwrap();
        until("all is published", Some(head), async || {
            self.window().await.map(|window| window.last)
        })
        .await;
        let way = || self.nats.standing().consumers.get(CONSUMER).cloned();
        until("facts are read from the stream", Some(Way::Stream), async || way()).await;
    }

    async fn window(&self) -> Option<Window> {
        self.nats.window(SERVICE).await.ok().flatten()
    }
}

/// Ticks until idle, through failures, as the runner does.
async fn drive(worker: &mut dyn Worker) {
    for _ in 0..1_000 {
        if let Ok(0) = worker.tick().await {
            return;
        }
    }
    panic!("the worker does not come to rest");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_that_is_deleted_is_made_anew_and_nothing_is_lost() {
    let world = World::new().await;
    let workers = world.run();
    world.tell(1..=100).await;
    world.applied(100).await;
    world.context.delete_stream(STREAM).await.unwrap();
    world.tell(101..=200).await;
    world.applied(200).await;
    world.flows().await;
    assert!(
        world.window().await.unwrap().first > 100,
        "it begins where the old one was lost"
    );
    world.tell(201..=300).await;
    world.applied(300).await;
    world.flows().await;
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_has_lost_its_data_is_filled_again_and_nothing_is_lost() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=100).await;
    world.applied(100).await;
    world.server.kill();
    world.server.lose_data();
    // Meanwhile facts flow by the feed.
    world.tell(101..=150).await;
    world.applied(150).await;
    assert!(world.nats.standing().troubles[0].contains("NATS is away"));
    world.server.restart().await;
    world.tell(151..=200).await;
    world.applied(200).await;
    world.flows().await;
    assert_eq!(world.nats.standing().troubles, Vec::<String>::new());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_has_lost_the_end_of_a_stream_is_given_it_again() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=10).await;
    world.applied(10).await;
    world.flows().await;
    world.server.kill();
    world.server.keep_data();
    world.server.restart().await;
    world.tell(11..=100).await;
    world.applied(100).await;
    world.flows().await;
    world.server.kill();
    world.server.bring_back_data();
    world.server.restart().await;
    // Without a word that anybody tells: it is seen that the end is missing.
    world.flows().await;
    assert_eq!(world.window().await.unwrap().first, 1, "it is the same stream");
    world.tell(101..=200).await;
    world.applied(200).await;
    world.flows().await;
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_is_killed_and_started_again_under_way_is_gone_on_with() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=50).await;
    world.applied(50).await;
    for round in 1..=3 {
        let before = round * 100;
        world.tell(before - 49..=before).await;
        world.server.kill();
        world.tell(before + 1..=before + 50).await;
        world.server.restart().await;
        world.applied(before + 50).await;
    }
    world.flows().await;
    assert_eq!(world.window().await.unwrap().first, 1);
    workers.stop().await;
}

/// Whatever comes of a publisher that is dropped where it waits, and of two at once, the server has each fact once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn facts_are_published_once_and_in_order_by_publishers_that_are_killed_and_doubled() {
    let world = World::new().await;
    drive(&mut *world.publisher()).await;
    for round in 0_i64..20 {
        world.tell(round * 200 + 1..=round * 200 + 200).await;
        let mut killed = world.publisher();
        let patience = Duration::from_micros(500 * u64::try_from(round).unwrap());
        let _ = tokio::time::timeout(patience, killed.tick()).await;
        let (mut one, mut two) = (world.publisher(), world.publisher());
        tokio::join!(drive(&mut *one), drive(&mut *two));
    }
    let head = world.db.last_position().await.unwrap();
    drive(&mut *world.publisher()).await;
    let expected = Window {
        first: 1,
        last: head,
        missing: 0,
    };
    assert_eq!(world.window().await, Some(expected));
    let stream = world.context.get_stream(STREAM).await.unwrap();
    let mut ids = BTreeSet::new();
    let facts = world.db.facts_after(0, None, 10_000).await.unwrap().facts;
    for fact in facts {
        let message = stream
            .get_raw_message(u64::try_from(fact.position).unwrap())
            .await
            .unwrap();
        let header = |name: &str| message.headers.get(name).unwrap().as_str().to_owned();
        assert_eq!(header("Nats-Msg-Id"), fact.fact_id.to_string());
        assert_eq!(header("Quanyu-Position"), fact.position.to_string());
        assert!(ids.insert(fact.fact_id), "{} is there twice", fact.fact_id);
    }
    drive(&mut *world.consumer(None)).await;
    assert_eq!(world.effects().await, (1..=4_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn what_is_told_again_or_was_told_to_another_takes_effect_once() {
    let world = World::new().await;
    let mut publisher = world.publisher();
    drive(&mut *publisher).await;
    world.tell(1..=10).await;
    drive(&mut *publisher).await;
    let mut consumer = world.consumer(None);
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=10).collect::<Vec<_>>());

    // The last message is refused on the consumer's behalf, and so told again beside what is new.
    let again = format!("$JS.ACK.{STREAM}.{DURABLE}.1.11.10.1.0");
    let client = world.context.client();
    client.publish(again, "-NAK".into()).await.unwrap();
    client.flush().await.unwrap();
    world.tell(11..=20).await;
    drive(&mut *publisher).await;
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=20).collect::<Vec<_>>());

    // Somebody else takes what was meant for it.
    world.tell(21..=30).await;
    drive(&mut *publisher).await;
    let stream = world.context.get_stream(STREAM).await.unwrap();
    let stolen: jetstream::consumer::PullConsumer = stream.get_consumer(DURABLE).await.unwrap();
    let taken = stolen.fetch().max_messages(5).messages().await.unwrap();
    assert_eq!(futures::StreamExt::count(taken).await, 5);
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=30).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_fact_that_cannot_be_applied_is_parked_and_applied_once_that_is_mended() {
    let world = World::new().await;
    let mut publisher = world.publisher();
    drive(&mut *publisher).await;
    world.tell(1..=300).await;
    drive(&mut *publisher).await;
    drive(&mut *world.consumer(Some(123))).await;
    let but_one: Vec<i64> = (1..=300).filter(|number| *number != 123).collect();
    assert_eq!(world.effects().await, but_one);
    let way = world.nats.standing().consumers.get(CONSUMER).cloned();
    assert_eq!(way, Some(Way::Stream), "all of it came from there");
    let parked = world.db.parked_facts(10).await.unwrap();
    assert!(
        parked.len() == 1 && parked[0].reason.contains("cannot be applied"),
        "{parked:?}"
    );
    world.consumer(None).replay(parked[0].position).await.unwrap();
    assert_eq!(world.effects().await.last(), Some(&123));
    assert_eq!(world.db.parked_positions().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_service_that_publishes_nothing_is_read_from_its_feed_until_it_does() {
    let world = World::new().await;
    let mut publisher = world.publisher();
    drive(&mut *publisher).await;
    world.tell(1..=10).await;
    drive(&mut *publisher).await;
    let mut workers = Workers::new(world.clock.clone(), ClockTrust::ByHand, Red::default());
    workers.start(world.consumer(None), &world.db);
    world.applied(10).await;
    world.flows().await;
    world.tell(11..=20).await;
    world.applied(20).await;
    let troubles = world.nats.standing().troubles;
    assert!(troubles[0].contains("the service is further"), "{troubles:?}");
    drive(&mut *publisher).await;
    world.tell(21..=30).await;
    drive(&mut *publisher).await;
    world.applied(30).await;
    world.flows().await;
    assert_eq!(world.nats.standing().troubles, Vec::<String>::new());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_of_another_past_than_the_outbox_s_is_made_anew() {
    let world = World::new().await;
    drive(&mut *world.publisher()).await;
    world.tell(1..=10).await;
    drive(&mut *world.publisher()).await;
    // The database is brought back to an earlier state, and goes another way from there.
    for sql in [
        "DELETE FROM outbox WHERE position > 5",
        "UPDATE outbox_head SET last_position = 5",
    ] {
        let tx = world.db.begin().await.unwrap();
        tx.execute_raw(statement(&*tx, sql, [])).await.unwrap();
        tx.commit().await.unwrap();
    }
    drive(&mut *world.publisher()).await;
    assert_eq!(world.window().await.map(|window| window.first), Some(6), "it knew more");
    world.tell(6..=10).await;
    drive(&mut *world.publisher()).await;
    let tx = world.db.begin().await.unwrap();
    let sql = statement(
        &*tx,
        "UPDATE outbox SET fact_id = $1 WHERE position = 11",
        [world.clock.uuid().into()],
    );
    assert_eq!(tx.execute_raw(sql).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
    drive(&mut *world.publisher()).await;
    assert_eq!(
        world.window().await.map(|window| window.first),
        Some(12),
        "it knew another one"
    );
    drive(&mut *world.consumer(None)).await;
    assert_eq!(world.effects().await, (1..=10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_fact_that_is_too_large_for_the_server_is_read_from_the_feed() {
    let world = World::new().await;
    let mut publisher = world.publisher();
    drive(&mut *publisher).await;
    world.tell(1..=3).await;
    let large = Counted {
        number: 4,
        ballast: vec![7; 2 * 1024 * 1024],
    };
    let tx = world.db.begin().await.unwrap();
    let facts = vec![Draft::new(world.tenant, "subject", &large)];
    tx.emit_all(&world.clock, facts).await.unwrap();
    tx.commit().await.unwrap();
    while world.db.sequence().await.unwrap() > 0 {}
    world.tell(5..=10).await;
    drive(&mut *publisher).await;
    let mut consumer = world.consumer(None);
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=10).collect::<Vec<_>>());
    world.tell(11..=12).await;
    drive(&mut *publisher).await;
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=12).collect::<Vec<_>>());
    let way = world.nats.standing().consumers.get(CONSUMER).cloned();
    assert_eq!(way, Some(Way::Stream));
}

/// The goal is far below: 100 ms for all but one of a hundred. A debug build on a busy machine shows the shape only.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn facts_take_effect_soon_after_they_are_told() {
    let world = World::new().await;
    let workers = world.run();
    world.tell(1..=1).await;
    world.applied(1).await;
    world.flows().await;
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for number in 2..=20 {
        let told = Instant::now();
        world.tell(number..=number).await;
        while world.effects().await.last() != Some(&number) {
            kernel::pause(Duration::from_millis(2)).await;
            assert!(began.elapsed() < PATIENCE, "{number} never takes effect");
        }
        slowest = slowest.max(told.elapsed());
    }
    // Two looks of whoever is not woken would take longer.
    assert!(slowest < Duration::from_millis(1_500), "{slowest:?}");
    workers.stop().await;
}
