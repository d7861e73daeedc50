//! What every transport of facts holds to, whichever way the facts go. A new one is a line in `over_each`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use events::{Envelope, Facts, OutboxFacts, PeerFacts, Source, feed};
use futures::FutureExt;
use kernel::{Clock, Fact, Tenant, Time};
use rpc::{Channel, Peers, Signer, Stack, Switchboard};
use sea_orm::ConnectionTrait;
use store::{Db, Draft, statement};
use telemetry::Red;
use testkit::TestDb;
use tonic::service::Routes;

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
    way: &'static str,
    clock: Clock,
    tenant: Tenant,
    db: Db,
    facts: Arc<dyn Facts>,
    _test_db: TestDb,
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

/// Holds a property against every transport.
async fn over_each(property: impl AsyncFn(&World)) {
    type Way = fn(&Db) -> Arc<dyn Facts>;
    let ways: [(&'static str, Way); 2] = [("outbox", outbox), ("peer", peer)];
    for (way, facts) in ways {
        let test_db = TestDb::new(Vec::new()).await;
        let (clock, db) = (Clock::manual(Time::from_seconds(1_800_000_000)), test_db.db());
        let world = World {
            way,
            tenant: Tenant::from_uuid(clock.uuid()),
            facts: facts(&db),
            clock,
            db,
            _test_db: test_db,
        };
        property(&world).await;
    }
}

impl World {
    fn source(&self) -> Box<dyn Source> {
        self.facts.source(STREAM, &[Counted::TYPE])
    }

    /// Tells facts of these numbers, and one that nobody wants after each that can be divided by three.
    async fn tell(&self, numbers: impl IntoIterator<Item = i64>) {
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

    /// The numbers after a position, by so many facts at a time, to the end.
    async fn all_after(&self, source: &mut dyn Source, mut position: i64, facts_max: u32) -> (Vec<i64>, i64) {
        let mut numbers = Vec::new();
        loop {
            let stretch = source.pull(position, facts_max).await.unwrap();
            assert!(
                stretch.facts.len() <= usize::try_from(facts_max).unwrap(),
                "{}",
                self.way
            );
            assert!(
                stretch.last_position > position || !stretch.has_more,
                "{}: it goes on",
                self.way
            );
            numbers.extend(stretch.facts.iter().map(number));
            position = stretch.last_position;
            if !stretch.has_more {
                return (numbers, position);
            }
        }
    }
}

fn number(fact: &Envelope) -> i64 {
    fact.decode::<Counted>().unwrap().number
}

#[tokio::test]
async fn wanted_facts_come_in_order_whole_and_once_however_many_at_a_time() {
    over_each(async |world| {
        world.tell(1..=20).await;
        let expected: Vec<i64> = (1..=20).collect();
        for facts_max in [1, 2, 7, 20, 500] {
            let (numbers, last) = world.all_after(&mut *world.source(), 0, facts_max).await;
            assert_eq!(numbers, expected, "{}, {facts_max} at a time", world.way);
            assert_eq!(last, 26, "{}: those that nobody wants are passed", world.way);
        }
        let first = world.source().pull(0, 1).await.unwrap().facts.remove(0);
        assert_eq!(
            (first.position, first.tenant, &*first.kind, &*first.subject),
            (1, world.tenant, Counted::TYPE, "subject 1"),
            "{}",
            world.way
        );
        assert_eq!(
            (first.occur_time, number(&first)),
            (world.clock.now(), 1),
            "{}",
            world.way
        );
    })
    .await;
}

#[tokio::test]
async fn a_source_goes_on_from_whatever_position_it_is_asked_for() {
    over_each(async |world| {
        world.tell(1..=6).await;
        let mut source = world.source();
        let (numbers, last) = world.all_after(&mut *source, 0, 500).await;
        assert_eq!((numbers.len(), last), (6, 8), "{}", world.way);
        // After a crash, before the position was stored.
        let (again, _) = world.all_after(&mut *source, 4, 500).await;
        assert_eq!(again, [4, 5, 6], "{}", world.way);
        let none = source.pull(last, 500).await.unwrap();
        assert!(
            none.facts.is_empty() && none.last_position == last && !none.has_more,
            "{}",
            world.way
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_told_during_the_wait_ends_it_and_is_news_until_it_is_pulled() {
    over_each(async |world| {
        let mut source = world.source();
        let (numbers, last) = world.all_after(&mut *source, 0, 500).await;
        assert!(numbers.is_empty(), "{}", world.way);
        // A wait that is given up takes nothing away.
        assert!(
            source.wait(last).now_or_never().is_none(),
            "{}: nothing is told",
            world.way
        );
        {
            let mut wait = source.wait(last);
            assert!((&mut wait).now_or_never().is_none(), "{}: nothing is told", world.way);
            world.tell(1..=2).await;
            let ended = tokio::time::timeout(PATIENCE, wait).await;
            ended.unwrap_or_else(|_| panic!("{}: the wait ends", world.way));
        }
        let (numbers, _) = world.all_after(&mut *source, last, 500).await;
        assert_eq!(numbers, [1, 2], "{}", world.way);
        world.tell(3..=3).await;
        assert!(source.has_news(), "{}: what has not been pulled is news", world.way);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_told_past_a_fact_that_was_lost() {
    over_each(async |world| {
        world.tell(1..=4).await;
        let tx = world.db.begin().await.unwrap();
        tx.execute_raw(statement(&*tx, "DELETE FROM outbox WHERE position = 2", []))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut source = world.source();
        assert!(source.pull(0, 500).await.is_err(), "{}: a loss is seen", world.way);
        let (numbers, _) = world.all_after(&mut *source, 2, 500).await;
        assert_eq!(numbers, [3, 4], "{}: what came after it is there", world.way);
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_nobody_tells_is_trouble_and_no_silence() {
    over_each(async |world| {
        let mut source = world.facts.source("nobody", &[Counted::TYPE]);
        assert!(source.pull(0, 1).await.is_err(), "{}", world.way);
    })
    .await;
}
