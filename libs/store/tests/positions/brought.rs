//! Rows that were brought from another cluster of servers, whose numbers of transactions mean nothing here.

use kernel::{Clock, Tenant};
use sea_orm::ConnectionTrait;
use store::{Db, DbConfig, Draft, statement};
use testkit::Postgres;

use crate::world::{Counted, TABLES, execute, number, pass, sequence, world};

/// Writes all positions anew, as a restore does, with snapshots and numbers so many transactions ahead.
fn brought(ahead: i64) -> String {
    format!(
        "CREATE TEMP TABLE brought AS SELECT * FROM fact_position; \
         DELETE FROM fact_position; \
         INSERT INTO fact_position SELECT position, fact_id, kind, CASE WHEN snapshot IS NOT NULL THEN \
             format('%s:%s:', n, n)::pg_snapshot END, (xact_id::text::bigint + {ahead})::text::xid8 \
         FROM brought, LATERAL (SELECT pg_snapshot_xmax(snapshot)::text::bigint + {ahead} AS n) AS s; \
         DROP TABLE brought; \
         UPDATE outbox SET xact_id = (xact_id::text::bigint + {ahead})::text::xid8"
    )
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_snapshot_from_elsewhere_neither_stalls_nor_doubles_a_fact() {
    for ahead in [300_000, 30, -30] {
        let world = world().await;
        for _ in 0..40 {
            world.tell("early", 1).await;
        }
        assert_eq!(sequence(&world.db).await, 40);
        // Committed, and not yet seen by a sequencer, when they are brought here.
        world.tell("waiting", 3).await;
        let tx = world.db.begin().await.unwrap();
        tx.execute_unprepared(&brought(ahead)).await.unwrap();
        tx.commit().await.unwrap();
        // Written here before a sequencer runs.
        world.tell("new", 2).await;
        let lasting = world.lasting().await;
        world.count(&lasting, "lasting").await;
        assert_eq!(sequence(&world.db).await, 5, "{ahead} ahead");
        lasting.commit().await.unwrap();
        assert_eq!(sequence(&world.db).await, 1);
        // Numbers of here come to those that were brought.
        for _ in 0..80 {
            world.tell("later", 1).await;
            assert_eq!(sequence(&world.db).await, 1, "{ahead} ahead");
        }
        assert_eq!(world.facts().await.len(), 126);
        assert_eq!(number(&world.db, "SELECT COUNT(*) FROM fact_position").await, 127);
    }
}

/// The same by numbers alone: the last row says rightly by which transaction it was written.
#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_snapshot_ahead_of_its_server_is_not_believed() {
    const AHEAD: &str = "UPDATE fact_position SET xact_id = pg_current_xact_id(), snapshot = format('%s:%s:', n, n)::pg_snapshot \
         FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000 AS n) AS far \
         WHERE position = (SELECT MAX(position) FROM fact_position)";
    let world = world().await;
    world.tell("subject", 2).await;
    sequence(&world.db).await;
    execute(&world.db, AHEAD).await;
    world.tell("other", 2).await;
    assert_eq!(sequence(&world.db).await, 2);
    world.tell("third", 2).await;
    assert_eq!(sequence(&world.db).await, 2);
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_dump_that_is_restored_on_another_server_goes_on_where_it_was() {
    let (clock, here, there) = (Clock::system(), Postgres::start().await, Postgres::start().await);
    let tenant = Tenant::from_uuid(clock.uuid());
    let tell = async |db: &Db, subject: &str, from: i64| {
        let tx = db.begin().await.unwrap();
        let facts = (from..from + 10).map(|number| Draft::new(tenant, subject, &Counted { number }));
        tx.emit_all(&clock, facts.collect()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let db = Db::open(&DbConfig::new(here.url()), "test", vec![TABLES])
        .await
        .unwrap();
    pass(&db, 3_000).await;
    tell(&db, "sequenced", 1).await;
    sequence(&db).await;
    tell(&db, "waiting", 1).await;
    here.dump_into(&there);
    db.close().await.unwrap();

    let db = Db::open(&DbConfig::new(there.url()), "test", vec![TABLES])
        .await
        .unwrap();
    let own = "SELECT pg_current_xact_id()::text::bigint - (SELECT MAX(xact_id::text::bigint) FROM outbox)";
    assert!(number(&db, own).await < 0, "its numbers are behind");
    tell(&db, "new", 1).await;
    assert_eq!(sequence(&db).await, 20);
    tell(&db, "new", 11).await;
    assert_eq!(sequence(&db).await, 10);
    let facts = db.facts_after(0, None, 100).await.unwrap().facts;
    let subjects: Vec<&str> = facts.iter().map(|fact| &*fact.subject).collect();
    let expected = [vec!["sequenced"; 10], vec!["waiting"; 10], vec!["new"; 20]].concat();
    assert_eq!(subjects, expected);
    let positions = statement(db.read(), "SELECT COUNT(DISTINCT fact_id) FROM fact_position", []);
    let row = db.read().query_one_raw(positions).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 41);
    db.close().await.unwrap();
}
