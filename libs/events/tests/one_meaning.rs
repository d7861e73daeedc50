//! What every transport of facts holds to, whichever way the facts go. A new one is a line in `over_each!`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use events::{Envelope, Facts, JetStream, JetStreamConfig, Login, OutboxFacts, PeerFacts, Source, Way, feed};
use futures::FutureExt;
use kernel::{Clock, Fact, Tenant, Time};
use rpc::{Channel, Peers, Signer, Stack, Switchboard};
use runtime::Worker;
use store::{Db, Draft};
use telemetry::Red;
use testkit::{NatsServer, TestDb};
use tokio::sync::Mutex;
use tonic::service::Routes;

const CONSUMER: &str = "test.consumer";
const STREAM: &str = "test";
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// A producer, and one way to its facts.
struct World {
    clock: Clock,
    tenant: Tenant,
    db: Db,
    facts: Arc<dyn Facts>,
    broker: Option<Broker>,
    _test_db: TestDb,
}

/// What lies between, and what publishes there.
struct Broker {
    nats: JetStream,
    publisher: Mutex<Box<dyn Worker>>,
    _server: NatsServer,
}

fn outbox(db: &Db) -> Arc<dyn Facts> {
    Arc::new(OutboxFacts::new(BTreeMap::from([(STREAM, db.clone())])))
}

fn peer(db: &Db) -> Arc<dyn Facts> {
    let (signer, switchboard) = (Signer::new(&[7; 32]), Switchboard::new());
    let stack = Stack {
        signer: signer.clone(),
        red: Red::default(),
        concurrency_max: 16,
    };
    switchboard.connect(rpc::serve(Routes::new(feed(db.clone())), &contracts::CONTRACT, stack).unwrap());
    let channels = BTreeMap::from([(STREAM.to_owned(), Channel::local(switchboard))]);
    Arc::new(PeerFacts::new(Peers::new("consumer", signer, channels)))
}

impl Broker {
    async fn start(db: &Db) -> Self {
        let server = NatsServer::start().await;
        let config = JetStreamConfig {
            urls: vec![server.url()],
            process: "test".to_owned(),
            platform: "main".to_owned(),
            login: Login::Nobody,
            ca_file: None,
            own_files: None,
            replicas: 1,
            max_age: Duration::from_hours(1),
        };
        let nats = JetStream::start(config).await.unwrap();
        assert!(nats.connected_within(PATIENCE).await);
        Self {
            publisher: Mutex::new(nats.publisher(STREAM, db)),
            nats,
            _server: server,
        }
    }
}

impl World {
    async fn of_outbox() -> Self {
        Self::new(outbox, None, TestDb::new(Vec::new()).await)
    }

    async fn of_peer() -> Self {
        Self::new(peer, None, TestDb::new(Vec::new()).await)
    }

    /// Its stream is there before the first fact, which the feed would else tell.
    async fn of_jetstream() -> Self {
        let test_db = TestDb::new(Vec::new()).await;
        let broker = Broker::start(&test_db.db()).await;
        let nats = broker.nats.clone();
        let world = Self::new(move |db| Arc::new(nats.facts(peer(db))), Some(broker), test_db);
        world.publish().await;
        world
    }

    fn new(way: impl FnOnce(&Db) -> Arc<dyn Facts>, broker: Option<Broker>, test_db: TestDb) -> Self {
        let (clock, db) = (Clock::manual(Time::from_seconds(1_800_000_000)), test_db.db());
        Self {
            tenant: Tenant::from_uuid(clock.uuid()),
            facts: way(&db),
            clock,
            db,
            broker,
            _test_db: test_db,
        }
    }

    /// Publishes what was told, where it is published.
    async fn publish(&self) {
        if let Some(broker) = &self.broker {
            let mut publisher = broker.publisher.lock().await;
            while publisher.tick().await.unwrap() > 0 {}
        }
    }

    /// Sees that facts went the way that is looked at, and no other.
    fn assert_way(&self) {
        if let Some(broker) = &self.broker {
            let standing = broker.nats.standing();
            assert_eq!(standing.consumers.get(CONSUMER), Some(&Way::Stream), "{standing:?}");
        }
    }
}

/// A test of each property over each transport.
macro_rules! over_each {
    ($($property:ident),+ $(,)?) => {$(
        mod $property {
            #[tokio::test]
            async fn over_outbox() {
                super::$property(&super::World::of_outbox().await).await;
            }

            #[tokio::test]
            async fn over_peer() {
                super::$property(&super::World::of_peer().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs nats-server on the PATH: run the ignored tests too"]
            async fn over_jetstream() {
                super::$property(&super::World::of_jetstream().await).await;
            }
        }
    )+};
}

over_each!(
    wanted_facts_come_in_order_whole_and_once_however_many_at_a_time,
    a_source_goes_on_from_whatever_position_it_is_asked_for,
    what_is_told_during_the_wait_ends_it_and_is_news_until_it_is_pulled,
    nothing_is_told_past_a_fact_that_was_lost,
    who_is_further_than_was_ever_told_hears_of_it_and_of_no_fact,
    a_stream_that_nobody_tells_is_trouble_and_no_silence,
);

impl World {
    fn source(&self) -> Box<dyn Source> {
        self.facts.source(CONSUMER, STREAM, &[Counted::TYPE])
    }

    /// Writes facts of these numbers, and one that nobody wants after each that can be divided by three.
    async fn write(&self, numbers: impl IntoIterator<Item = i64>) {
        let mut facts = Vec::new();
        for number in numbers {
            facts.push(Draft::new(
                self.tenant,
                format!("subject {number}"),
                &Counted { number },
            ));
            if number % 3 == 0 {
                facts.push(Draft::new(self.tenant, "nobody", &Ignored {}));
            }
        }
        let tx = self.db.begin().await.unwrap();
        tx.emit_all(&self.clock, facts).await.unwrap();
        tx.commit().await.unwrap();
        while self.db.sequence().await.unwrap() > 0 {}
    }

    /// The same, and where facts are published these are.
    async fn tell(&self, numbers: impl IntoIterator<Item = i64>) {
        self.write(numbers).await;
        self.publish().await;
    }

    /// The numbers after a position, by so many facts at a time, to the end.
    async fn all_after(&self, source: &mut dyn Source, mut position: i64, facts_max: u32) -> (Vec<i64>, i64) {
        let mut numbers = Vec::new();
        loop {
            let stretch = source.pull(position, facts_max).await.unwrap();
            assert!(stretch.facts.len() <= usize::try_from(facts_max).unwrap());
            assert!(stretch.last_position > position || !stretch.has_more, "it goes on");
            numbers.extend(stretch.facts.iter().map(number));
            position = stretch.last_position;
            if !stretch.has_more {
                self.assert_way();
                return (numbers, position);
            }
        }
    }
}

fn number(fact: &Envelope) -> i64 {
    fact.decode::<Counted>().unwrap().number
}

async fn wanted_facts_come_in_order_whole_and_once_however_many_at_a_time(world: &World) {
    world.tell(1..=20).await;
    let expected: Vec<i64> = (1..=20).collect();
    for facts_max in [1, 2, 7, 20, 500] {
        let (numbers, last) = world.all_after(&mut *world.source(), 0, facts_max).await;
        assert_eq!(numbers, expected, "{facts_max} at a time");
        assert_eq!(last, 26, "those that nobody wants are passed");
    }
    let first = world.source().pull(0, 1).await.unwrap().facts.remove(0);
    assert_eq!(
        (first.position, first.tenant, &*first.kind, &*first.subject),
        (1, world.tenant, Counted::TYPE, "subject 1")
    );
    assert_eq!((first.occur_time, number(&first)), (world.clock.now(), 1));
}

async fn a_source_goes_on_from_whatever_position_it_is_asked_for(world: &World) {
    world.tell(1..=6).await;
    let mut source = world.source();
    let (numbers, last) = world.all_after(&mut *source, 0, 500).await;
    assert_eq!((numbers.len(), last), (6, 8));
    // After a crash, before the position was stored.
    let (again, _) = world.all_after(&mut *source, 4, 500).await;
    assert_eq!(again, [4, 5, 6]);
    let none = source.pull(last, 500).await.unwrap();
    assert!(none.facts.is_empty() && none.last_position == last && !none.has_more);
}

async fn what_is_told_during_the_wait_ends_it_and_is_news_until_it_is_pulled(world: &World) {
    let mut source = world.source();
    let (numbers, last) = world.all_after(&mut *source, 0, 500).await;
    assert!(numbers.is_empty());
    // A wait that is given up takes nothing away.
    assert!(source.wait(last).now_or_never().is_none(), "nothing is told");
    {
        let mut wait = source.wait(last);
        assert!((&mut wait).now_or_never().is_none(), "nothing is told");
        world.tell(1..=2).await;
        let ended = tokio::time::timeout(PATIENCE, wait).await;
        ended.unwrap_or_else(|_| panic!("the wait ends"));
    }
    let (numbers, _) = world.all_after(&mut *source, last, 500).await;
    assert_eq!(numbers, [1, 2]);
    world.tell(3..=3).await;
    assert!(source.has_news(), "what has not been pulled is news");
}

async fn nothing_is_told_past_a_fact_that_was_lost(world: &World) {
    world.write(1..=4).await;
    testkit::lose_fact(&world.db, 2).await;
    if let Some(broker) = &world.broker {
        assert!(
            broker.publisher.lock().await.tick().await.is_err(),
            "nor is it published past"
        );
    }
    let mut source = world.source();
    assert!(source.pull(0, 500).await.is_err(), "a loss is seen");
    let after = source.pull(2, 500).await.unwrap().facts;
    let numbers: Vec<i64> = after.iter().map(number).collect();
    assert_eq!(numbers, [3, 4], "what came after it is there");
}

/// The service was brought back to an earlier moment than the one who hears it.
async fn who_is_further_than_was_ever_told_hears_of_it_and_of_no_fact(world: &World) {
    world.tell(1..=2).await;
    let mut source = world.source();
    let silent = async |source: &mut dyn Source| loop {
        match source.pull(5, 10).await {
            // A stream is believed for two seconds to have nothing new.
            Ok(stretch) => assert!(stretch.facts.is_empty() && stretch.last_position == 5),
            Err(fault) => return fault.to_string(),
        }
        kernel::pause(Duration::from_millis(50)).await;
    };
    let told = tokio::time::timeout(PATIENCE, silent(&mut *source))
        .await
        .expect("it is told");
    assert!(
        told.contains("facts up to 5 were read") && told.contains("end with 2"),
        "{told}"
    );
}

async fn a_stream_that_nobody_tells_is_trouble_and_no_silence(world: &World) {
    let mut source = world.facts.source(CONSUMER, "nobody", &[Counted::TYPE]);
    assert!(source.pull(0, 1).await.is_err());
}
