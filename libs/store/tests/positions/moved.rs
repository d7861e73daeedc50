use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fault::Fault;
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use store::{Db, MoveNews, statement};

use crate::release_before;
use crate::world::{TABLES, World, execute, linger, number, sequence, world};

/// A database of the release before, which this one's migrations have reached.
async fn unfinished(told: i64) -> World {
    let mut world = world().await;
    execute(&world.db, release_before::TABLES).await;
    world.tell("before", told).await;
    while release_before::sequence(&world.db).await.unwrap() > 0 {}
    // It has seen where positions stand; a process of today has not.
    world.db = world.replica().await;
    assert!(is_unfinished(&world).await);
    world
}

async fn is_unfinished(world: &World) -> bool {
    let (config, schema) = world.test_db.place();
    let standing = Db::standing(config, schema, vec![TABLES]).await.unwrap();
    assert_eq!(standing.outstanding, Vec::<&str>::new());
    standing.is_unfinished
}

async fn finish(world: &World, news: &(dyn Fn(MoveNews) + Send + Sync)) -> Result<(), Fault> {
    let (config, schema) = world.test_db.place();
    Db::finish(config, schema, vec![TABLES], news).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn tables_that_are_made_anew_are_finished() {
    let world = world().await;
    assert!(!is_unfinished(&world).await);
    finish(&world, &|news| panic!("there is nothing to move: {news:?}"))
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn facts_keep_their_positions_and_go_on_from_them() {
    let world = unfinished(2_500).await;
    // Before they are moved both releases give positions, each to what the other one has left.
    world.tell("beside", 5).await;
    assert_eq!(release_before::sequence(&world.db).await.unwrap(), 5);
    world.tell("by us", 5).await;
    assert_eq!(sequence(&world.db).await, 5);
    assert_eq!(release_before::sequence(&world.db).await.unwrap(), 0);
    world.tell("waiting", 5).await;
    let before = world.facts().await;
    assert_eq!(before.len(), 2_510);

    let heard = Mutex::new(Vec::new());
    finish(&world, &|news| heard.lock().unwrap().push(news)).await.unwrap();
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard[..2], [MoveNews::Indexes, MoveNews::Copied(2_510)]);
    assert!(matches!(heard.last(), Some(MoveNews::Moved(_))), "{heard:?}");
    assert!(!is_unfinished(&world).await);
    let after = world.facts().await;
    assert_eq!(after[..2_510], before);
    assert_eq!(after.len(), 2_515, "what waited has its position");
    world.tell("after", 5).await;
    assert_eq!(sequence(&world.db).await, 5);
    world.assert_whole().await;
    let refused = release_before::sequence(&world.db).await.unwrap_err().to_string();
    assert!(refused.contains("\"position\" does not exist"), "{refused}");
    finish(&world, &|news| panic!("there is nothing to move: {news:?}"))
        .await
        .unwrap();
}

const WRITERS: usize = 4;

/// Tells facts until it is over, by this release's statements or by those of the release before.
async fn write(world: &World, db: &Db, writer: usize, is_over: &AtomicBool) {
    const INSERT: &str = "INSERT INTO outbox (fact_id, tenant_id, kind, subject, payload, occur_time, traceparent) \
         VALUES ($1, $2, 'test.counted', $3, $4, 0, '')";
    let mut run = writer;
    while !is_over.load(Ordering::Acquire) {
        run += 1;
        let subject = format!("subject {}", run % 3);
        let tx = db.begin().await.unwrap();
        if run.is_multiple_of(3) {
            world.note(&tx).await;
        }
        if writer.is_multiple_of(2) {
            world.count(&tx, &subject).await;
        } else {
            world
                .count_as(&tx, &subject, async |number| {
                    let payload = prost::Message::encode_to_vec(&crate::world::Counted { number });
                    let (id, tenant) = (world.clock.uuid(), world.tenant.uuid());
                    let row = [id.into(), tenant.into(), (&*subject).into(), payload.into()];
                    tx.execute_raw(statement(&*tx, INSERT, row)).await.unwrap();
                })
                .await;
        }
        if run.is_multiple_of(5) {
            linger(&world.clock).await;
        }
        if run % 7 != 3 {
            tx.commit().await.unwrap();
        }
    }
}

/// Reads what comes until it is over; no look may fail, and none may miss a position.
async fn tail(db: &Db, is_over: &AtomicBool) {
    let mut last = 0;
    while !is_over.load(Ordering::Acquire) {
        let stretch = db.facts_after(last, None, 500).await.unwrap();
        let positions: Vec<i64> = stretch.facts.iter().map(|fact| fact.position).collect();
        assert_eq!(positions, (last + 1..).take(positions.len()).collect::<Vec<_>>());
        last = stretch.last_position;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn positions_are_moved_while_both_releases_write_sequence_and_read() {
    let world = unfinished(3_000).await;
    let (replica, before) = (world.replica().await, world.replica().await);
    let is_over = AtomicBool::new(false);
    let sequencing = async {
        while !is_over.load(Ordering::Acquire) {
            replica.sequence().await.unwrap();
        }
    };
    let moving = async {
        kernel::pause(Duration::from_millis(700)).await;
        finish(&world, &|_| {}).await.unwrap();
        let moved = world.db.last_position().await.unwrap();
        kernel::pause(Duration::from_millis(700)).await;
        is_over.store(true, Ordering::Release);
        moved
    };
    let writing = join_all((0..WRITERS).map(|writer| {
        let db = if writer % 2 == 0 { &world.db } else { &replica };
        write(&world, db, writer, &is_over)
    }));
    let (moved, passes, (), (), _) = tokio::join!(
        moving,
        release_before::sequence_until_refused(&before, &is_over),
        sequencing,
        tail(&world.db, &is_over),
        writing,
    );
    sequence(&world.db).await;
    world.assert_whole().await;
    assert!(
        passes > 0 && moved > 3_000,
        "{passes} passes, {moved} positions were moved"
    );
    assert!(
        world.facts().await.len() > usize::try_from(moved).unwrap(),
        "and it went on"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_transaction_under_way_is_waited_for_while_others_go_on() {
    const INDEX: &str = "CREATE INDEX outbox_xact ON outbox (xact_id) WHERE xact_id IS NOT NULL";
    let world = unfinished(10).await;
    // So that nothing but the last moment waits.
    execute(&world.db, INDEX).await;
    let lasting = world.lasting().await;
    world.count(&lasting, "lasting").await;
    let waits = tokio::sync::Notify::new();
    let ending = async {
        waits.notified().await;
        // Others write, and get their positions, while it is waited for.
        world.tell("other", 3).await;
        while world.db.sequence().await.unwrap() == 0 {}
        assert!(is_unfinished(&world).await);
        lasting.commit().await.unwrap();
    };
    let tell = |news| {
        if news == MoveNews::Waits {
            waits.notify_one();
        }
    };
    let (outcome, ()) = tokio::join!(finish(&world, &tell), ending);
    outcome.unwrap();
    sequence(&world.db).await;
    assert_eq!(world.facts().await.len(), 14);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn nothing_is_moved_while_a_process_of_the_release_before_is_at_work() {
    let world = unfinished(10).await;
    let (config, schema) = world.test_db.place();
    let options: PgConnectOptions = config.url.parse().unwrap();
    let mut before = options
        .application_name(&format!("quanyu-{schema}"))
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("SELECT 1").execute(&mut before).await.unwrap();
    let refused = finish(&world, &|_| {}).await.unwrap_err().to_string();
    assert!(
        refused.contains("a process of the release before is still at work (1 sessions"),
        "{refused}"
    );
    assert!(is_unfinished(&world).await);
    before.close().await.unwrap();
    finish(&world, &|_| {}).await.unwrap();
    assert_eq!(world.facts().await.len(), 10);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_move_that_was_cut_off_goes_on_where_it_was() {
    const HALF: &str = "INSERT INTO fact_position (position, fact_id, kind) \
         SELECT position, fact_id, kind FROM outbox WHERE position <= 4; \
         CREATE INDEX outbox_xact ON outbox (xact_id) WHERE kind = 'none'; \
         UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'outbox_xact'::regclass";
    const INDEXED: &str = "SELECT COUNT(*) FROM pg_indexes WHERE schemaname = current_schema() \
         AND indexname = 'outbox_xact' AND indexdef LIKE '%(xact_id) WHERE (xact_id IS NOT NULL)'";
    let world = unfinished(10).await;
    execute(&world.db, HALF).await;
    finish(&world, &|_| {}).await.unwrap();
    assert_eq!(
        number(&world.db, INDEXED).await,
        1,
        "what was half an index is a whole one"
    );
    world.tell("after", 3).await;
    assert_eq!(sequence(&world.db).await, 3);
    assert_eq!(world.facts().await.len(), 13);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn positions_whose_facts_are_gone_are_not_given_again() {
    let world = unfinished(10).await;
    execute(&world.db, "DELETE FROM outbox WHERE position = 10").await;
    let refused = finish(&world, &|_| {}).await.unwrap_err().to_string();
    assert!(
        refused.contains("given up to 10, and the last one that is there is 9"),
        "{refused}"
    );
    assert!(is_unfinished(&world).await);
}
