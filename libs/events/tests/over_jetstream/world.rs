//! A service whose facts a consumer beside it hears over NATS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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

pub(crate) const CONSUMER: &str = "test.write";
pub(crate) const DURABLE: &str = "test_write";
pub(crate) const SERVICE: &str = "test";
pub(crate) const STREAM: &str = "quanyu_main_facts_test";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const TABLES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE effect (at INTEGER PRIMARY KEY, number BIGINT NOT NULL)",
};
pub(crate) const TABLES_OF_POSTGRES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE effect (at BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number BIGINT NOT NULL)",
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Counted {
    #[prost(int64, tag = "1")]
    pub(crate) number: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) ballast: Vec<u8>,
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
pub(crate) struct World {
    pub(crate) servers: Vec<NatsServer>,
    pub(crate) nats: JetStream,
    pub(crate) context: Context,
    pub(crate) clock: Clock,
    pub(crate) tenant: Tenant,
    pub(crate) db: Db,
    _test_db: TestDb,
}

pub(crate) fn config(servers: &[NatsServer], login: Login) -> JetStreamConfig {
    JetStreamConfig {
        urls: servers.iter().map(NatsServer::url).collect(),
        process: "test".to_owned(),
        platform: "main".to_owned(),
        login,
        ca_file: None,
        own_files: None,
        replicas: servers.len(),
        max_age: Duration::from_hours(1),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(vec![NatsServer::start().await]).await
    }

    /// On the servers of a cluster, which keep the stream each.
    pub(crate) async fn on(servers: Vec<NatsServer>) -> Self {
        let nats = JetStream::start(config(&servers, Login::Nobody)).await.unwrap();
        assert!(nats.connected_within(PATIENCE).await);
        let tables = match testkit::server() {
            Some(_) => TABLES_OF_POSTGRES,
            None => TABLES,
        };
        let test_db = TestDb::new(vec![tables]).await;
        let clock = Clock::manual(Time::from_seconds(1_800_000_000));
        Self {
            nats,
            context: jetstream::new(async_nats::connect(servers[0].url()).await.unwrap()),
            servers,
            tenant: Tenant::from_uuid(clock.uuid()),
            clock,
            db: test_db.db(),
            _test_db: test_db,
        }
    }

    pub(crate) fn publisher(&self) -> Box<dyn Worker> {
        self.nats.publisher(SERVICE, &self.db)
    }

    pub(crate) fn consumer(&self, refuse: Option<i64>) -> Box<dyn Worker> {
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
    pub(crate) async fn run(&self) -> Workers {
        let mut workers = Workers::new(self.clock.clone(), ClockTrust::ByHand, Red::default());
        for worker in [sequencer(self.db.clone()), self.publisher(), self.consumer(None)] {
            workers.start(worker, &self.db);
        }
        // What is told before the stream is made is no part of it.
        eventually("the stream is made", async || self.window().await.is_some()).await;
        workers
    }

    /// Tells facts of these numbers, and one that nobody wants after each fifth.
    pub(crate) async fn tell(&self, numbers: impl IntoIterator<Item = i64>) {
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

    pub(crate) async fn effects(&self) -> Vec<i64> {
        let conn = self.db.read();
        let rows = conn
            .query_all_raw(statement(conn, "SELECT number FROM effect ORDER BY at", []))
            .await
            .unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Waits until the facts of 1 to `last` have taken effect, and sees that each did once and in its order.
    pub(crate) async fn applied(&self, last: i64) {
        until("facts take effect", Some(last), async || {
            self.effects().await.last().copied()
        })
        .await;
        assert_eq!(self.effects().await, (1..=last).collect::<Vec<_>>());
    }

    /// Waits until the consumer reads from the stream, which is as far as the outbox.
    pub(crate) async fn flows(&self) {
        until("all is published", true, async || self.is_published().await).await;
        until("facts are read from the stream", true, async || self.reads_stream()).await;
    }

    pub(crate) async fn is_published(&self) -> bool {
        let head = self.db.last_position().await.unwrap();
        self.window().await.is_some_and(|window| window.last == head)
    }

    pub(crate) fn reads_stream(&self) -> bool {
        self.nats.standing().consumers.get(CONSUMER) == Some(&Way::Stream)
    }

    pub(crate) async fn window(&self) -> Option<Window> {
        self.nats.window(SERVICE).await.ok().flatten()
    }
}

/// Ticks until idle, through failures, as the runner does.
pub(crate) async fn drive(worker: &mut dyn Worker) {
    for _ in 0..1_000 {
        if let Ok(0) = worker.tick().await {
            return;
        }
    }
    panic!("the worker does not come to rest");
}

/// For what a cluster takes its time to do: to choose a leader, ten seconds, and more on a busy machine.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let looks = async {
        while !is_so().await {
            kernel::pause(Duration::from_millis(100)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_mins(1), looks).await;
    assert!(seen.is_ok(), "{what}");
}
