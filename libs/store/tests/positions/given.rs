use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use kernel::{Clock, Time};
use store::Db;

use crate::world::{Counted, World, execute, linger, number, pass, sequence, world};

const WRITERS: usize = 6;
const TRANSACTIONS: usize = 40;
const SUBJECTS: usize = 5;

/// Writes facts about a few subjects, that others write about too, in transactions that last, and are undone now and then.
async fn write(world: &World, db: &Db, writer: usize) {
    for run in 0..TRANSACTIONS {
        let tx = db.begin().await.unwrap();
        if run.is_multiple_of(3) {
            world.note(&tx).await;
        }
        let mut subjects = [(writer + run) % SUBJECTS, (writer * run) % SUBJECTS];
        subjects.sort_unstable();
        for subject in subjects {
            world.count(&tx, &format!("subject {subject}")).await;
        }
        if run % 4 == 1 {
            linger(&world.clock).await;
        }
        if run % 7 != 3 {
            tx.commit().await.unwrap();
        }
    }
}

async fn sequence_until(db: &Db, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Acquire) {
        db.sequence().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn each_fact_gets_one_position_in_its_subject_s_order_whoever_writes_and_sequences_beside() {
    let world = world().await;
    let replicas = [world.replica().await, world.replica().await];
    // One that begins first and ends last.
    let lasting = world.lasting().await;
    world.count(&lasting, "lasting").await;
    let is_over = AtomicBool::new(false);
    let writing = async {
        join_all((0..WRITERS).map(|writer| write(&world, &replicas[writer % 2], writer))).await;
        is_over.store(true, Ordering::Release);
    };
    tokio::join!(
        writing,
        sequence_until(&replicas[0], &is_over),
        sequence_until(&replicas[1], &is_over),
    );
    sequence(&world.db).await;
    world.assert_whole().await;
    let before = world.facts().await.len();
    world.count(&lasting, "lasting").await;
    lasting.commit().await.unwrap();
    assert_eq!(sequence(&world.db).await, 2);
    world.assert_whole().await;
    let late = world.facts().await.split_off(before);
    assert!(late.iter().all(|fact| fact.subject == "lasting"), "they come last");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn the_outbox_is_never_updated_and_leaves_no_dead_row() {
    const LEFT: &str = "SELECT n_tup_upd + n_tup_del + n_dead_tup FROM pg_stat_user_tables \
         WHERE schemaname = current_schema() AND relname = ";
    let world = world().await;
    testkit::reads::leave_unanalysed(&world.db).await;
    for round in 0..50 {
        world.tell(&format!("subject {round}"), 20).await;
        assert_eq!(sequence(&world.db).await, 20);
    }
    let read = testkit::reads::rows_read(&world.db).await;
    assert!(!read.is_empty(), "every connection has told what it did");
    assert_eq!(number(&world.db, &format!("{LEFT}'outbox'")).await, 0);
    let inserted =
        "SELECT n_tup_ins FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = 'outbox'";
    assert_eq!(number(&world.db, inserted).await, 1_000);
    // The first row, and the head: once each, when the tables were made.
    assert_eq!(number(&world.db, &format!("{LEFT}'fact_position'")).await, 2);
    assert_eq!(number(&world.db, &format!("{LEFT}'outbox_head'")).await, 2);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn beside_a_transaction_that_lasts_no_fact_is_read_more_often() {
    let world = world().await;
    testkit::reads::leave_unanalysed(&world.db).await;
    let lasting = world.lasting().await;
    for _ in 0..100 {
        world.count(&lasting, "lasting").await;
    }
    let before = testkit::reads::rows_read(&world.db).await;
    for round in 0..100 {
        world.tell(&format!("subject {round}"), 10).await;
        assert_eq!(sequence(&world.db).await, 10);
    }
    let after = testkit::reads::rows_read(&world.db).await;
    let read = testkit::reads::more(&before, &after);
    let by_number = read["outbox by outbox_xact"];
    // By the look, which needs one, and by the pass; and those under way until they are known to be.
    assert!(by_number <= 2_400, "{by_number} of 1,000 facts: {read:?}");
    assert!(
        !read.contains_key("outbox"),
        "nothing is read but by an index: {read:?}"
    );
    lasting.commit().await.unwrap();
    assert_eq!(sequence(&world.db).await, 100);
    world.facts().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn more_facts_than_one_pass_takes_keep_their_order() {
    let world = world().await;
    // The last one by its id, though it was written first.
    let later = Clock::manual(Time::from_seconds(4_000_000_000));
    let tx = world.db.begin().await.unwrap();
    let other = tx.emit(&later, world.tenant, "other", &Counted { number: 1 });
    other.await.unwrap();
    tx.commit().await.unwrap();
    world.tell("subject", 20_500).await;
    assert_eq!(world.db.sequence().await.unwrap(), 20_000);
    assert_eq!(world.db.last_position().await.unwrap(), 20_000);
    assert_eq!(world.db.sequence().await.unwrap(), 501);
    assert_eq!(world.db.sequence().await.unwrap(), 0);
    world.assert_whole().await;
    assert_eq!(world.facts().await[20_500].subject, "other");
}

/// What the next pass goes out from is believed, and no more than some thousand transactions old.
const IS_OWN: &str = "SELECT (xmin = xact_id::xid)::int::bigint FROM fact_position ORDER BY position DESC LIMIT 1";
const PASSED: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint - pg_snapshot_xmax(snapshot)::text::bigint \
     FROM fact_position ORDER BY position DESC LIMIT 1";

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn the_last_snapshot_is_believed_after_a_sweep_and_renewed_while_nothing_is_told() {
    let world = world().await;
    world.tell("subject", 3).await;
    assert_eq!(sequence(&world.db).await, 3);
    execute(&world.db, "VACUUM (FREEZE) fact_position").await;
    assert_eq!(number(&world.db, IS_OWN).await, 1);
    pass(&world.db, 10_100).await;
    assert_eq!(world.db.sequence().await.unwrap(), 0);
    assert!(number(&world.db, PASSED).await < 10_000);
    assert_eq!(number(&world.db, IS_OWN).await, 1);
    let early = world.lasting().await;
    world.note(&early).await;
    pass(&world.db, 10_100).await;
    assert_eq!(world.db.sequence().await.unwrap(), 0, "renewed while one is under way");
    world.count(&early, "early").await;
    early.commit().await.unwrap();
    assert_eq!(sequence(&world.db).await, 1);
    world.tell("other", 3).await;
    assert_eq!(sequence(&world.db).await, 3);
    world.assert_whole().await;
}
