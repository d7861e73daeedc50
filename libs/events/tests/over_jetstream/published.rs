//! What is published, whoever does it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream;
use events::{JetStream, Login, Window};
use runtime::{ClockTrust, Workers};
use sea_orm::{ConnectionTrait, DbBackend};
use store::statement;
use telemetry::Red;
use testkit::NatsServer;

use crate::world::{PATIENCE, SERVICE, STREAM, World, config, drive};

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

/// The database is brought back to an earlier state, and goes another way from there.
async fn bring_back(world: &World, position: i64) {
    let statements: &[&str] = match world.db.backend() {
        DbBackend::Postgres => &[
            "DELETE FROM outbox USING fact_position AS p WHERE outbox.fact_id = p.fact_id AND p.position > $1",
            "DELETE FROM fact_position WHERE position > $1",
        ],
        _ => &["DELETE FROM outbox WHERE position > $1"],
    };
    let tx = world.db.begin().await.unwrap();
    for sql in statements {
        tx.execute_raw(statement(&*tx, sql, [position.into()])).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_of_another_past_than_the_outbox_s_is_made_anew() {
    let world = World::new().await;
    world.tell(1..=5).await;
    drive(&mut *world.publisher()).await;
    assert_eq!(world.window().await.map(|window| window.first), Some(7), "it is empty");
    bring_back(&world, 3).await;
    drive(&mut *world.publisher()).await;
    assert_eq!(world.window().await.map(|window| window.first), Some(4), "it was ahead");
    world.tell(4..=10).await;
    drive(&mut *world.publisher()).await;
    bring_back(&world, 5).await;
    drive(&mut *world.publisher()).await;
    assert_eq!(world.window().await.map(|window| window.first), Some(6), "it knew more");
    world.tell(6..=10).await;
    drive(&mut *world.publisher()).await;
    let statements: &[&str] = match world.db.backend() {
        DbBackend::Postgres => &[
            "UPDATE outbox SET fact_id = $1 FROM fact_position AS p WHERE outbox.fact_id = p.fact_id AND p.position = 11",
            "UPDATE fact_position SET fact_id = $1 WHERE position = 11",
        ],
        _ => &["UPDATE outbox SET fact_id = $1 WHERE position = 11"],
    };
    let (tx, other) = (world.db.begin().await.unwrap(), world.clock.uuid());
    for sql in statements {
        let changed = tx.execute_raw(statement(&*tx, sql, [other.into()])).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }
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
async fn a_server_that_asks_who_it_is_admits_a_user_and_tells_of_a_stranger() {
    let server = [NatsServer::start_with(&["--user", "quanyu", "--pass", "open sesame"]).await];
    let login = |password: &str| Login::User("quanyu".to_owned(), password.to_owned());
    let user = JetStream::start(config(&server, login("open sesame"))).await.unwrap();
    assert!(user.connected_within(PATIENCE).await);
    assert_eq!(user.window(SERVICE).await.unwrap(), None);
    for stranger in [login("guessed"), Login::Nobody, Login::Token("guessed".to_owned())] {
        let stranger = JetStream::start(config(&server, stranger)).await.unwrap();
        assert!(!stranger.connected_within(Duration::from_secs(1)).await);
        assert!(stranger.standing().troubles[0].contains("NATS is away"));
    }
    let missing = Login::Credentials("/nowhere/quanyu.creds".into());
    let fault = JetStream::start(config(&server, missing)).await.unwrap_err();
    assert!(fault.to_string().contains("quanyu.creds"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_fact_that_is_taken_out_of_a_stream_is_read_from_the_feed_and_the_stream_made_anew() {
    let world = World::new().await;
    // As an operator might have made it: ours refuse that anything is taken out.
    let config = jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["quanyu.main.facts.test.>".to_owned()],
        ..jetstream::stream::Config::default()
    };
    let stream = world.context.create_stream(config).await.unwrap();
    let mut consumer = world.consumer(None);
    world.tell(1..=4).await;
    drive(&mut *world.publisher()).await;
    drive(&mut *consumer).await;
    world.tell(5..=10).await;
    drive(&mut *world.publisher()).await;
    assert!(stream.delete_message(8).await.unwrap());
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, (1..=10).collect::<Vec<_>>());
    drive(&mut *world.publisher()).await;
    let window = world.window().await.unwrap();
    assert_eq!((window.first, window.missing), (13, 0));
    let made = world.context.get_stream(STREAM).await.unwrap();
    assert!(made.delete_message(13).await.is_err(), "nothing is taken out of it");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_that_knows_what_the_service_does_not_is_not_believed_before_it_is_made_anew() {
    let world = World::new().await;
    let mut publisher = world.publisher();
    drive(&mut *publisher).await;
    world.tell(1..=9).await;
    drive(&mut *publisher).await;
    bring_back(&world, 3).await;
    // A consumer that starts before the publisher has seen it.
    let mut consumer = world.consumer(None);
    drive(&mut *consumer).await;
    assert_eq!(world.effects().await, [1, 2, 3]);
    // Nor when the outbox has gone another way past its end.
    world.tell(101..=120).await;
    drive(&mut *world.consumer(None)).await;
    let told: Vec<i64> = (1..=3).chain(101..=120).collect();
    assert_eq!(world.effects().await, told);
    drive(&mut *world.publisher()).await;
    world.tell([121]).await;
    drive(&mut *world.publisher()).await;
    drive(&mut *world.consumer(None)).await;
    assert_eq!(world.effects().await.last(), Some(&121));
    assert!(world.reads_stream(), "{:?}", world.nats.standing());
}
