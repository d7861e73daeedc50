//! What a service may rely on, whatever the database. Runs on SQLite, and on PostgreSQL where the tests name a server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use fault::Fault;
use futures::future::join_all;
use kernel::{Clock, Fact, Id, Kind, RequestKey, Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend};
use store::{
    Answers, Begun, Column, Columns, Db, Identifiers, Migration, Row, for_update, insert_rows, look_up, redirects,
    statement, values,
};
use testkit::TestDb;
use uuid::Uuid;

const TABLES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE thing (tenant_id {uuid} NOT NULL, thing_id {uuid} NOT NULL, amount BIGINT NOT NULL CHECK (amount >= 0),
          PRIMARY KEY (tenant_id, thing_id)) {clustered};
          CREATE TABLE line (line_id {uuid} NOT NULL PRIMARY KEY, number BIGINT, kind TEXT NOT NULL, payload {bytes} NOT NULL,
          place BIGINT NOT NULL);",
};
const METHOD: &str = "quanyu.test.v1.TestService/Make";

enum Thing {}
impl Kind for Thing {
    const PREFIX: &'static str = "thg";
    const NOUN: &'static str = "thing";
}

#[derive(Clone, PartialEq, prost::Message)]
struct Made {
    #[prost(int64, tag = "1")]
    count: i64,
}

impl Fact for Made {
    const TYPE: &'static str = "test.made";
}

struct World {
    clock: Clock,
    tenant: Tenant,
    db: Db,
    test_db: TestDb,
}

async fn world() -> World {
    let clock = Clock::manual(Time::from_seconds(1_800_000_000));
    let test_db = TestDb::new(vec![TABLES]).await;
    World {
        tenant: Tenant::from_uuid(clock.uuid()),
        db: test_db.db(),
        test_db,
        clock,
    }
}

impl World {
    fn key(&self, request_id: &str, content: &str) -> RequestKey {
        RequestKey::new(self.tenant, METHOD, request_id, content.as_bytes())
    }

    /// Makes a thing, once for each request; the answer counts the things there are then.
    async fn make(&self, db: &Db, key: &RequestKey) -> Result<Made, fault::Fault> {
        let tx = match db.begin_once::<Made>(key).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let row = vec![key.tenant.uuid().into(), self.clock.uuid().into(), 1_i64.into()];
        insert_rows(&**tx, "INSERT INTO thing (tenant_id, thing_id, amount)", vec![row], "").await?;
        let answer = Made {
            count: count(&**tx, "thing").await,
        };
        tx.emit(&self.clock, key.tenant, "subject", &answer).await?;
        tx.commit(answer).await
    }
}

async fn count(conn: &impl ConnectionTrait, table: &str) -> i64 {
    let row = conn
        .query_one_raw(statement(conn, &format!("SELECT COUNT(*) FROM {table}"), []))
        .await
        .unwrap()
        .unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn positions(db: &Db) -> Vec<i64> {
    while db.sequence().await.unwrap() > 0 {}
    db.facts_after(0, None, 100_000)
        .await
        .unwrap()
        .facts
        .iter()
        .map(|fact| fact.position)
        .collect()
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_however_late_and_from_whichever_replica() {
    let world = world().await;
    let (first, second) = (world.key("r-1", "a"), world.key("r-2", "a"));
    let answer = world.make(&world.db, &first).await.unwrap();
    world.make(&world.db, &second).await.unwrap();
    world.clock.turn_to(world.clock.now().plus_days(400));
    let replica = world.test_db.another(vec![TABLES]).await;
    assert_eq!(world.make(&replica, &first).await.unwrap(), answer);
    assert_eq!(
        (count(world.db.read(), "thing").await, positions(&world.db).await),
        (2, vec![1, 2])
    );
}

#[tokio::test]
async fn the_same_id_with_another_content_is_refused_and_another_tenant_s_is_its_own() {
    let mut world = world().await;
    world.make(&world.db, &world.key("r-1", "a")).await.unwrap();
    let refused = world.make(&world.db, &world.key("r-1", "b")).await.unwrap_err();
    assert_eq!(refused.reason(), "REQUEST_ID_REUSED");
    world.tenant = Tenant::from_uuid(world.clock.uuid());
    world.make(&world.db, &world.key("r-1", "b")).await.unwrap();
    assert_eq!(count(world.db.read(), "thing").await, 2);
}

#[tokio::test]
async fn copies_of_a_request_that_race_take_effect_once() {
    let world = world().await;
    let key = world.key("r-1", "a");
    let replica = world.test_db.another(vec![TABLES]).await;
    let copies = (0..16).map(|copy| {
        let db = if copy % 2 == 0 { &world.db } else { &replica };
        let (world, key) = (&world, &key);
        rpc::retry(move || world.make(db, key))
    });
    for answer in join_all(copies).await {
        assert_eq!(answer.unwrap(), Made { count: 1 });
    }
    assert_eq!(
        (count(world.db.read(), "thing").await, positions(&world.db).await),
        (1, vec![1])
    );
}

/// PostgreSQL lets the copy run at the same time; it must not meet its twin's effects before its twin's answer.
#[tokio::test]
async fn a_copy_waits_for_its_twin_before_it_looks_at_anything() {
    let world = world().await;
    let key = world.key("r-1", "a");
    let replica = world.test_db.another(vec![TABLES]).await;
    let Begun::Fresh(tx) = world.db.begin_once::<Made>(&key).await.unwrap() else {
        panic!("fresh")
    };
    let copy = tokio::spawn(async move { replica.begin_once::<Made>(&key).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(!copy.is_finished());
    }
    tx.commit(Made { count: 7 }).await.unwrap();
    assert!(matches!(copy.await.unwrap().unwrap(), Begun::Replay(Made { count: 7 })));
}

/// A request as a handler sees it, for [`store::begin_or_replay!`].
struct Call {
    key: RequestKey,
    request_id: String,
}

impl Call {
    fn of(key: RequestKey) -> Self {
        let request_id = key.request_id.clone();
        Self { key, request_id }
    }

    fn key(&self, request_id: &str) -> RequestKey {
        assert_eq!(request_id, self.key.request_id);
        self.key.clone()
    }
}

/// Takes the one coin that there is, and refuses who finds it taken.
async fn take(db: &Db, call: &Call, thing: Uuid) -> Result<Made, Fault> {
    const LOCK: &str = "SELECT amount FROM thing WHERE tenant_id = $1 AND thing_id = $2";
    const TAKE: &str = "UPDATE thing SET amount = amount - 1 WHERE tenant_id = $1 AND thing_id = $2";
    let tx = store::begin_or_replay!(db, call);
    let key = [call.key.tenant.uuid().into(), thing.into()];
    let lock = format!("{LOCK}{}", for_update(db.backend()));
    let row = tx.query_one_raw(statement(&**tx, &lock, key.clone())).await?;
    let amount: i64 = row.unwrap().get(0)?;
    if amount == 0 {
        return Err(Fault::refused(fault::Common::NotFound, "it was taken before"));
    }
    tx.execute_raw(statement(&**tx, TAKE, key)).await?;
    tx.commit(Made { count: amount }).await
}

/// So nobody need ask for the first answer after a refusal: no copy refuses because of what its twin did.
#[tokio::test]
async fn copies_that_wait_for_one_row_get_one_answer_and_no_refusal() {
    let world = world().await;
    let thing = world.clock.uuid();
    let row = vec![world.tenant.uuid().into(), thing.into(), 1_i64.into()];
    let insert = "INSERT INTO thing (tenant_id, thing_id, amount)";
    let tx = world.db.begin().await.unwrap();
    insert_rows(&*tx, insert, vec![row], "").await.unwrap();
    tx.commit().await.unwrap();

    let replica = world.test_db.another(vec![TABLES]).await;
    let holder = world.db.begin().await.unwrap();
    let lock = format!("SELECT 1 FROM thing{}", for_update(world.db.backend()));
    holder.query_all_raw(statement(&*holder, &lock, [])).await.unwrap();
    let copies: Vec<_> = [&world.db, &replica, &world.db, &replica]
        .into_iter()
        .map(|db| {
            let (db, call) = (db.clone(), Call::of(world.key("r-1", "a")));
            tokio::spawn(async move { take(&db, &call, thing).await })
        })
        .collect();
    // Long enough for all of them to have asked for what they wait for, were they not held apart.
    for _ in 0..10 {
        kernel::pause(std::time::Duration::from_millis(10)).await;
        assert!(copies.iter().all(|copy| !copy.is_finished()));
    }
    drop(holder);
    for copy in copies {
        assert_eq!(copy.await.unwrap().unwrap(), Made { count: 1 });
    }
    let another = Call::of(world.key("r-2", "a"));
    assert!(take(&world.db, &another, thing).await.unwrap_err().is_refusal());
}

#[tokio::test]
async fn what_is_dropped_before_its_commit_leaves_no_trace() {
    let world = world().await;
    let Begun::Fresh(tx) = world.db.begin_once::<Made>(&world.key("r-1", "a")).await.unwrap() else {
        panic!("fresh")
    };
    tx.emit(&world.clock, world.tenant, "subject", &Made { count: 9 })
        .await
        .unwrap();
    drop(tx);
    assert_eq!(
        world.make(&world.db, &world.key("r-1", "b")).await.unwrap(),
        Made { count: 1 }
    );
    assert_eq!(positions(&world.db).await, [1]);
}

#[tokio::test]
async fn positions_have_no_gaps_and_none_is_given_before_its_fact_is_visible() {
    let world = world().await;
    let slow = world.test_db.another(vec![TABLES]).await;
    if world.db.backend() == DbBackend::Postgres {
        // The slow transaction writes first and commits last.
        let tx = slow.begin().await.unwrap();
        tx.emit(&world.clock, world.tenant, "slow", &Made { count: 0 })
            .await
            .unwrap();
        world.make(&world.db, &world.key("fast", "a")).await.unwrap();
        assert_eq!(positions(&world.db).await, [1]);
        tx.commit().await.unwrap();
        assert_eq!(positions(&world.db).await, [1, 2]);
    }
    let before = positions(&world.db).await.len();
    let makes = (0..100).map(|n| {
        let (world, key) = (&world, world.key(&format!("r-{n}"), "a"));
        let db = if n % 2 == 0 { &world.db } else { &slow };
        async move {
            if n % 10 == 0 {
                let tx = db.begin().await.unwrap();
                tx.emit(&world.clock, world.tenant, "dropped", &Made { count: 0 })
                    .await
                    .unwrap();
            } else {
                rpc::retry(|| world.make(db, &key)).await.unwrap();
            }
            db.sequence().await.unwrap();
        }
    });
    join_all(makes).await;
    let expected: Vec<i64> = (1..=i64::try_from(before + 90).unwrap()).collect();
    assert_eq!(positions(&world.db).await, expected);
}

#[tokio::test]
async fn a_unique_key_that_nobody_foresaw_is_a_lost_race() {
    const INSERT: &str = "INSERT INTO thing (tenant_id, thing_id, amount)";
    let world = world().await;
    let id = world.clock.uuid();
    let row = || vec![world.tenant.uuid().into(), id.into(), 1_i64.into()];
    let tx = world.db.begin().await.unwrap();
    insert_rows(&*tx, INSERT, vec![row()], "").await.unwrap();
    assert!(matches!(
        insert_rows(&*tx, INSERT, vec![row()], "").await,
        Err(fault::Fault::Contended)
    ));
    drop(tx);
    // A check that fails is a bug, not a race.
    let tx = world.db.begin().await.unwrap();
    let wrong = vec![world.tenant.uuid().into(), id.into(), (-1_i64).into()];
    assert!(matches!(
        insert_rows(&*tx, INSERT, vec![wrong], "").await,
        Err(fault::Fault::Internal(_))
    ));
}

#[tokio::test]
async fn readers_cannot_write_to_a_sqlite_file() {
    let world = world().await;
    if world.db.backend() == DbBackend::Sqlite {
        assert!(world.db.read().execute_unprepared("DELETE FROM thing").await.is_err());
    }
}

#[tokio::test]
async fn many_rows_go_in_and_are_changed_by_few_statements() {
    let world = world().await;
    let ids: Vec<_> = (0..25_000).map(|_| world.clock.uuid()).collect();
    let rows = ids
        .iter()
        .map(|id| vec![world.tenant.uuid().into(), (*id).into(), 1_i64.into()])
        .collect();
    let tx = world.db.begin().await.unwrap();
    let inserted = insert_rows(
        &*tx,
        "INSERT INTO thing (tenant_id, thing_id, amount)",
        rows,
        "ON CONFLICT DO NOTHING",
    );
    assert_eq!(inserted.await.unwrap(), 25_000);
    let changes = ids
        .iter()
        .take(1_000)
        .map(|id| vec![world.tenant.uuid().into(), (*id).into(), 7_i64.into()])
        .collect();
    let (list, parameters) = values(
        world.db.backend(),
        1,
        &[Column::Uuid, Column::Uuid, Column::Int],
        changes,
    );
    let sql = format!(
        "UPDATE thing SET amount = v.column3 FROM {list} AS v WHERE tenant_id = v.column1 AND thing_id = v.column2"
    );
    assert_eq!(
        tx.execute_raw(statement(&*tx, &sql, parameters))
            .await
            .unwrap()
            .rows_affected(),
        1_000
    );
    tx.commit().await.unwrap();
    assert_eq!(count(world.db.read(), "thing WHERE amount = 7").await, 1_000);
}

#[tokio::test]
async fn a_redirect_leads_to_the_end_of_its_chain() {
    let world = world().await;
    let [a, b, c] = [(); 3].map(|()| world.clock.uuid());
    let tx = world.db.begin().await.unwrap();
    redirects::add(&*tx, world.tenant, a, b).await.unwrap();
    redirects::add(&*tx, world.tenant, b, c).await.unwrap();
    redirects::add(&*tx, world.tenant, b, c).await.unwrap();
    for (from, to) in [(a, c), (b, c), (c, c)] {
        assert_eq!(redirects::follow(&*tx, world.tenant, from).await.unwrap(), to);
    }
    let stranger = Tenant::from_uuid(world.clock.uuid());
    assert_eq!(redirects::follow(&*tx, stranger, a).await.unwrap(), a);
    let followed = redirects::follow_many(&*tx, &[(world.tenant, a), (world.tenant, c), (stranger, a)])
        .await
        .unwrap();
    assert_eq!(followed.into_iter().collect::<Vec<_>>(), [((world.tenant, a), c)]);
}

#[tokio::test]
async fn a_redirect_that_ends_leaves_those_that_led_before_it() {
    let world = world().await;
    let [a, b, c, first, second] = [(); 5].map(|()| world.clock.uuid());
    let tx = world.db.begin().await.unwrap();
    redirects::add(&*tx, world.tenant, a, b).await.unwrap();
    redirects::add(&*tx, world.tenant, b, c).await.unwrap();
    assert!(redirects::end(&*tx, world.tenant, first, b, &[a]).await.unwrap());
    for (from, to) in [(a, b), (b, b), (c, c)] {
        assert_eq!(redirects::follow(&*tx, world.tenant, from).await.unwrap(), to);
    }
    redirects::add(&*tx, world.tenant, b, c).await.unwrap();
    assert!(
        !redirects::end(&*tx, world.tenant, first, b, &[a]).await.unwrap(),
        "it is told again"
    );
    assert_eq!(redirects::follow(&*tx, world.tenant, a).await.unwrap(), c);
    assert!(redirects::end(&*tx, world.tenant, second, b, &[a]).await.unwrap());
    assert_eq!(redirects::follow(&*tx, world.tenant, b).await.unwrap(), b);
    let stranger = Tenant::from_uuid(world.clock.uuid());
    let asked = [(world.tenant, first), (world.tenant, c), (stranger, first)];
    let ended = redirects::ended(&*tx, &asked);
    assert_eq!(
        ended.await.unwrap().into_iter().collect::<Vec<_>>(),
        [(world.tenant, first)]
    );
}

impl World {
    /// Answers requests in one transaction, each with how many were answered before it; locks nothing.
    async fn answer(&self, db: &Db, keys: &[RequestKey]) -> Result<Vec<Result<Vec<u8>, fault::Fault>>, fault::Fault> {
        let tx = db.begin().await?;
        let mut answers = Answers::to(&tx, keys.iter()).await?;
        let mut outcomes = Vec::new();
        for key in keys {
            let outcome = match answers.get(key) {
                Ok(Some(answer)) => Ok(answer.to_vec()),
                Ok(None) => {
                    let answer = Made {
                        count: i64::try_from(outcomes.len()).unwrap(),
                    };
                    let answer = prost::Message::encode_to_vec(&answer);
                    answers.give(key, answer.clone());
                    Ok(answer)
                }
                Err(reused) => Err(reused),
            };
            outcomes.push(outcome);
        }
        answers.remember(&tx).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

#[tokio::test]
async fn requests_that_share_a_transaction_get_their_first_answers_each() {
    let world = world().await;
    let single = world.make(&world.db, &world.key("single", "a")).await.unwrap();
    let keys = [
        ("a", "1"),
        ("b", "1"),
        ("a", "1"),
        ("a", "2"),
        ("single", "a"),
        ("c", "1"),
    ];
    let keys = keys.map(|(id, content)| world.key(id, content));
    let outcomes = world.answer(&world.db, &keys).await.unwrap();
    let told = |outcome: &Result<Vec<u8>, fault::Fault>| match outcome {
        Ok(answer) => format!("{}", <Made as prost::Message>::decode(&**answer).unwrap().count),
        Err(fault) => fault.reason().to_owned(),
    };
    let told: Vec<String> = outcomes.iter().map(told).collect();
    assert_eq!(
        told,
        ["0", "1", "0", "REQUEST_ID_REUSED", &single.count.to_string(), "5"]
    );
    let replica = world.test_db.another(vec![TABLES]).await;
    let again = world.answer(&replica, &keys[..3]).await.unwrap();
    for (again, first) in again.into_iter().zip(outcomes) {
        assert_eq!(again.unwrap(), first.unwrap());
    }
    // One table, one meaning: begun alone, it has been answered too.
    let alone = world.db.begin_once::<Made>(&world.key("b", "1")).await.unwrap();
    assert!(matches!(alone, Begun::Replay(Made { count: 1 })));
    assert_eq!(count(world.db.read(), "request").await, 4);
}

#[tokio::test]
async fn copies_that_share_no_lock_race_for_the_answer_and_one_wins() {
    let world = world().await;
    let replica = world.test_db.another(vec![TABLES]).await;
    let runs = (0..8).map(|run| {
        let db = if run % 2 == 0 { &world.db } else { &replica };
        let mut keys: Vec<RequestKey> = (0..20).map(|n| world.key(&format!("r-{n}"), "a")).collect();
        keys.rotate_left(run);
        let world = &world;
        async move { (run, rpc::retry(|| world.answer(db, &keys)).await.unwrap()) }
    });
    let mut first: Vec<Option<Vec<u8>>> = vec![None; 20];
    for (run, outcomes) in join_all(runs).await {
        for (n, outcome) in outcomes.into_iter().enumerate() {
            let answer = outcome.unwrap();
            assert_eq!(*first[(n + run) % 20].get_or_insert(answer.clone()), answer);
        }
    }
    assert_eq!(count(world.db.read(), "request").await, 20);
}

#[tokio::test]
async fn rows_with_and_without_values_go_in_as_they_are() {
    const INSERT: &str = "INSERT INTO redirect (tenant_id, from_id, to_id)";
    const LINES: &str = "INSERT INTO line (line_id, number, kind, payload, place)";
    let world = world().await;
    let tx = world.db.begin().await.unwrap();
    let ids: Vec<_> = (0..9).map(|_| world.clock.uuid()).collect();
    let rows = |number: fn(i64) -> Option<i64>| {
        let row = |(n, id): (i64, &uuid::Uuid)| {
            let (kind, payload) = (format!("'{{\"{n}\", \\}}"), vec![0_u8, 0xff]);
            vec![(*id).into(), number(n).into(), kind.into(), payload.into(), n.into()]
        };
        (1..).zip(&ids).map(row).collect::<Vec<Vec<sea_orm::Value>>>()
    };
    insert_rows(&*tx, LINES, rows(|n| (n % 2 == 0).then_some(n)), "")
        .await
        .unwrap();
    assert_eq!(count(&*tx, "line WHERE number IS NULL").await, 5);
    assert_eq!(count(&*tx, "line WHERE number = place").await, 4);
    let kept = statement(&*tx, "SELECT kind, payload FROM line WHERE place = 3", []);
    let kept = tx.query_one_raw(kept).await.unwrap().unwrap();
    assert_eq!(kept.try_get_by_index::<String>(0).unwrap(), "'{\"3\", \\}");
    assert_eq!(kept.try_get_by_index::<Vec<u8>>(1).unwrap(), [0, 0xff]);
    // A unique row that is there already is not counted.
    let redirect = |n: usize| vec![world.tenant.uuid().into(), ids[n].into(), ids[8].into()];
    let first = insert_rows(&*tx, INSERT, (0..3).map(redirect).collect(), "")
        .await
        .unwrap();
    let more = insert_rows(&*tx, INSERT, (0..8).map(redirect).collect(), "ON CONFLICT DO NOTHING");
    assert_eq!((first, more.await.unwrap()), (3, 5));
}

#[tokio::test]
async fn columns_are_read_by_name_by_place_and_in_their_order() {
    const SELECT: &str = "SELECT tenant_id, thing_id, amount, NULLIF(amount, amount) AS absent FROM thing";
    let world = world().await;
    let (thing, time) = (Id::<Thing>::generate(&world.clock), world.clock.now());
    let row = vec![world.tenant.uuid().into(), thing.uuid().into(), time.micros().into()];
    let tx = world.db.begin().await.unwrap();
    insert_rows(&*tx, "INSERT INTO thing (tenant_id, thing_id, amount)", vec![row], "")
        .await
        .unwrap();
    let row = tx.query_one_raw(statement(&*tx, SELECT, [])).await.unwrap().unwrap();

    assert_eq!(row.tenant("tenant_id").unwrap(), world.tenant);
    assert_eq!((row.id("thing_id").unwrap(), row.id(1).unwrap()), (thing, thing));
    assert_eq!((row.time("amount").unwrap(), row.time(2).unwrap()), (time, time));
    assert_eq!(row.optional_time("amount").unwrap(), Some(time));
    assert_eq!(row.optional_time("absent").unwrap(), None);
    assert_eq!(row.get::<i64>("amount").unwrap(), time.micros());
    assert!(row.int("amount").is_err(), "it is more than 32 bits");
    assert!(row.get::<i64>("missing").is_err());

    let mut columns = Columns::of(&row);
    assert_eq!(columns.tenant().unwrap(), world.tenant);
    assert_eq!(columns.id::<Thing>().unwrap(), thing);
    assert_eq!(columns.time().unwrap(), time);
    assert_eq!(columns.optional_time().unwrap(), None);
    assert!(columns.take::<i64>().is_err(), "there is no fifth one");

    let one = "SELECT 7 + (amount - amount), amount FROM thing";
    let row = tx.query_one_raw(statement(&*tx, one, [])).await.unwrap().unwrap();
    let mut columns = Columns::of(&row);
    assert_eq!(
        (columns.int().unwrap(), columns.take::<i64>().unwrap()),
        (7, time.micros())
    );
    assert_eq!(
        store::unreadable("thing", "the colour 7").to_string(),
        "a row of thing cannot be read: the colour 7"
    );
}

#[tokio::test]
async fn a_list_may_have_nulls_and_is_looked_up_in_its_order() {
    let world = world().await;
    let tx = world.db.begin().await.unwrap();
    let mut ids: Vec<_> = (0..5).map(|_| world.clock.uuid()).collect();
    let row = |id: &uuid::Uuid| vec![world.tenant.uuid().into(), (*id).into(), 7_i64.into()];
    insert_rows(
        &*tx,
        "INSERT INTO thing (tenant_id, thing_id, amount)",
        ids.iter().map(row).collect(),
        "",
    )
    .await
    .unwrap();
    ids.reverse();
    let rows = ids.iter().zip([Some(7_i64), None, Some(7), Some(8), None]);
    let rows = rows.map(|(id, amount)| vec![world.tenant.uuid().into(), (*id).into(), amount.into()]);
    let columns = [Column::Uuid, Column::Uuid, Column::Int];
    let (list, parameters) = values(world.db.backend(), 1, &columns, rows.collect());
    let on = "t.tenant_id = k.column1 AND t.thing_id = k.column2 AND t.amount = COALESCE(k.column3, 7)";
    let sql = format!(
        "SELECT t.thing_id FROM {}",
        look_up(world.db.backend(), &list, "thing", on)
    );
    let found = tx.query_all_raw(statement(&*tx, &sql, parameters)).await.unwrap();
    let found: Vec<uuid::Uuid> = found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(found, [ids[0], ids[1], ids[2], ids[4]]);
}

#[tokio::test]
async fn ids_that_are_not_in_their_form_are_found_among_thousands_and_stay_as_they_are() {
    const IDS: Identifiers = Identifiers {
        table: "redirect_of_words",
        key: &[("tenant_id", Column::Uuid), ("word", Column::Text)],
        columns: &["word", "other_word"],
        mend: "",
    };
    const TABLE: &str = "CREATE TABLE redirect_of_words \
         (tenant_id {uuid} NOT NULL, word TEXT NOT NULL, other_word TEXT, PRIMARY KEY (tenant_id, word))";
    const INSERT: &str = "INSERT INTO redirect_of_words (tenant_id, word, other_word)";
    let world = world().await;
    let tx = world.db.begin().await.unwrap();
    let id = match world.db.backend() {
        sea_orm::DbBackend::Sqlite => "BLOB",
        _ => "UUID",
    };
    tx.execute_unprepared(&TABLE.replace("{uuid}", id)).await.unwrap();
    let row = |word: &str, other: Option<&str>| {
        let other = other.map(str::to_owned);
        vec![world.tenant.uuid().into(), word.into(), other.into()]
    };
    // More than two pages, with ids that nobody would find on the first and on the last.
    let mut rows: Vec<_> = (0..11_000).map(|n| row(&format!("A-{n}"), None)).collect();
    rows.extend([
        row("0-\u{200b}1", Some("张三")),
        row("Z-1 ", None),
        row("Z-2", Some("6.22203E+15")),
    ]);
    insert_rows(&*tx, INSERT, rows, "").await.unwrap();
    tx.commit().await.unwrap();
    let mut pages = Vec::new();
    let looked = world.db.unclean_texts(&IDS, |rows| pages.push(rows)).await.unwrap();
    assert_eq!((looked.rows, looked.unclean, pages), (11_003, 3, vec![5_000, 10_000]));
    let told: Vec<String> = looked.told.iter().map(ToString::to_string).collect();
    let tenant = world.tenant.uuid();
    assert_eq!(
        told[0],
        format!(r#"word "0-\u{{200b}}1" (where tenant_id = {tenant}): its form is "0-1""#)
    );
    assert_eq!(
        told[1],
        format!(r#"word "Z-1 " (where tenant_id = {tenant}): its form is "Z-1""#)
    );
    assert!(
        told[2].contains(": a spreadsheet has rounded this number"),
        "{}",
        told[2]
    );
    assert_eq!(world.db.unclean_texts(&IDS, |_| ()).await.unwrap(), looked);
}

#[tokio::test]
async fn a_database_is_attached_to_as_it_is_or_not_at_all() {
    const LATER: Migration = Migration {
        name: "test_0002",
        sql: "CREATE TABLE later (id BIGINT NOT NULL PRIMARY KEY);",
    };
    let world = world().await;
    let attached = world.test_db.attached(vec![TABLES]).await.unwrap();
    assert_eq!(count(attached.read(), "thing").await, 0);
    let told = |outcome: Result<Db, fault::Fault>| outcome.unwrap_err().to_string();
    let older = told(world.test_db.attached(vec![TABLES, LATER]).await);
    assert!(older.contains("older release"), "{older}");
    assert!(older.contains("the migration test_0002 is outstanding"), "{older}");
    let newer = told(world.test_db.attached(vec![LATER]).await);
    assert!(
        newer.contains("newer version") && newer.contains("test_0001"),
        "{newer}"
    );
    let misplaced = told(world.test_db.attached(Vec::new()).await);
    assert!(misplaced.contains("the tables of the service test"), "{misplaced}");
    let same = world.test_db.attached(vec![TABLES]).await;
    assert!(same.is_ok(), "who looks migrates nothing");
}

#[tokio::test]
async fn a_service_knows_when_it_was_last_seen_at_work() {
    // Whole: a file that is deleted with its folder is opened by no further connection.
    let world = world().await;
    let db = &world.db;
    assert_eq!(db.last_seen().await.unwrap().seen_time, None, "nobody was there yet");
    let (first, later) = (Time::from_seconds(1_800_000_000), Time::from_seconds(1_800_000_060));
    for (beat, seen) in [(first, first), (later, later), (first, later)] {
        db.beat(beat).await.unwrap();
        let known = db.last_seen().await.unwrap();
        assert_eq!(
            (known.seen_time, known.accept_time),
            (Some(seen), None),
            "its time only goes on"
        );
    }
    db.note_doubt(Some("the clock is wrong")).await.unwrap();
    assert_eq!(
        db.last_seen().await.unwrap().doubt.as_deref(),
        Some("the clock is wrong")
    );
    db.accept_clock(first).await.unwrap();
    let known = db.last_seen().await.unwrap();
    assert_eq!(
        (known.seen_time, known.accept_time, known.doubt),
        (Some(first), Some(first), None),
        "unless somebody says so"
    );
    let off = known.database_time.map(|time| {
        let now = Clock::system().now();
        time.since(now).max(now.since(time))
    });
    match db.backend() {
        DbBackend::Postgres => assert!(off.unwrap() < std::time::Duration::from_mins(1), "{off:?}"),
        _ => assert_eq!(off, None),
    }
}

#[tokio::test]
async fn a_service_that_was_at_work_before_it_had_a_heartbeat_was_last_seen_at_its_last_fact() {
    let world = world().await;
    for (second, request) in [(7, "r-1"), (60, "r-2")] {
        world.clock.turn_to(Time::from_seconds(1_800_000_000 + second));
        world.make(&world.db, &world.key(request, "a")).await.unwrap();
    }
    // As an older release has left it.
    for sql in [
        "DROP TABLE heartbeat",
        "DELETE FROM seaql_migrations WHERE version = 'base_0004_heartbeat'",
    ] {
        let tx = world.db.begin().await.unwrap();
        tx.execute_raw(statement(&*tx, sql, [])).await.unwrap();
        tx.commit().await.unwrap();
    }
    let db = world.test_db.another(vec![TABLES]).await;
    assert_eq!(
        db.last_seen().await.unwrap().seen_time,
        Some(Time::from_seconds(1_800_000_060))
    );
}

#[tokio::test]
async fn a_lease_is_one_holder_s_until_it_ends_and_its_tokens_only_grow() {
    const LONG: std::time::Duration = std::time::Duration::from_mins(10);
    let world = world().await;
    let (db, one, other) = (&world.db, world.clock.uuid(), world.clock.uuid());
    let first = db.take_lease("work", one, LONG).await.unwrap().expect("nobody has it");
    for holder in [one, other] {
        assert_eq!(db.take_lease("work", holder, LONG).await.unwrap(), None, "it is held");
    }
    assert!(db.take_lease("other work", other, LONG).await.unwrap().is_some());
    assert!(db.renew_lease("work", one, first, LONG).await.unwrap());
    assert!(
        !db.renew_lease("work", other, first, LONG).await.unwrap(),
        "it is not his"
    );
    assert!(!db.end_lease("work", other, first).await.unwrap());

    assert!(db.end_lease("work", one, first).await.unwrap());
    let second = db
        .take_lease("work", other, LONG)
        .await
        .unwrap()
        .expect("it was given up");
    assert!(second > first);
    assert!(
        !db.renew_lease("work", one, first, LONG).await.unwrap(),
        "it is another's"
    );

    // Its time is over at once.
    let renewed = db.renew_lease("work", other, second, std::time::Duration::ZERO).await;
    assert!(renewed.unwrap());
    let takers = [one, other].map(|holder| db.take_lease("work", holder, LONG));
    let taken: Vec<i64> = join_all(takers).await.into_iter().filter_map(Result::unwrap).collect();
    assert!(matches!(&taken[..], [third] if *third > second), "{taken:?}");
}

#[tokio::test]
async fn a_process_that_has_gone_can_be_told_from_one_that_lives() {
    let world = world().await;
    let other = world.test_db.another(vec![TABLES]).await;
    let (one, own) = (world.db.presence().await.unwrap(), other.presence().await.unwrap());
    assert_eq!(
        world.db.presence().await.unwrap(),
        one,
        "it is the same as long as it is seen"
    );
    assert_eq!(other.departed(&[own]).await.unwrap(), []);
    // A SQLite file is one process's: a process that opens it knows that all others have gone.
    if world.db.backend() == DbBackend::Postgres {
        assert_eq!(other.departed(&[one]).await.unwrap(), []);
        assert_eq!(world.db.departed(&[one, own]).await.unwrap(), []);
    }
    world.db.close().await.unwrap();
    testkit::until("the first one is gone", vec![one], async || {
        other.departed(&[one, own]).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn the_connection_by_which_a_process_is_seen_to_live_is_one_of_its_own_and_comes_back_with_the_next() {
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' \
         AND ((classid::bigint << 32) | objid::bigint) = $1";
    let world = world().await;
    if world.db.backend() != DbBackend::Postgres {
        return;
    }
    // More often than there are connections.
    for _ in 0..20 {
        let seen = world.db.presence().await.unwrap();
        let read = world.db.read();
        read.execute_raw(statement(read, CUT, [seen.key().into()]))
            .await
            .unwrap();
        testkit::until("it is not seen any more", vec![seen], async || {
            world.db.departed(&[seen]).await.unwrap()
        })
        .await;
    }
    assert_eq!(
        count(world.db.read(), "thing").await,
        0,
        "there are connections for others"
    );
    world.db.close().await.unwrap();
}

#[tokio::test]
async fn an_item_that_failed_while_the_clock_was_ahead_is_tried_again_as_soon_as_it_is_right() {
    const QUEUE: &str = "test.queue";
    let world = world().await;
    let now = world.clock.now();
    let minute = std::time::Duration::from_mins(1);
    let free = store::stuck::is_free(QUEUE, "one.tenant_id", "'item'", "$2");
    let sql = format!("SELECT COUNT(*) FROM (SELECT CAST($1 AS {{uuid}}) AS tenant_id) AS one WHERE {free}");
    let sql = sql.replace(
        "{uuid}",
        match world.db.backend() {
            DbBackend::Postgres => "UUID",
            _ => "BLOB",
        },
    );
    for (fail_time, retry_time, is_free) in [
        (now, Some(now.plus(minute)), false),
        (now.minus(minute), Some(now), true),
        (now.plus_days(365), Some(now.plus_days(366)), true),
        (now, None, false),
        (now.plus_days(365), None, false),
    ] {
        let stuck = store::StuckItem {
            queue: QUEUE.to_owned(),
            tenant: world.tenant,
            item: "item".to_owned(),
            tries: 1,
            reason: "broken".to_owned(),
            retry_time,
            fail_time,
        };
        let tx = world.db.begin().await.unwrap();
        stuck.save(&tx).await.unwrap();
        tx.commit().await.unwrap();
        let parameters: [sea_orm::Value; 2] = [world.tenant.uuid().into(), now.micros().into()];
        let row = world
            .db
            .read()
            .query_one_raw(statement(world.db.read(), &sql, parameters))
            .await;
        let found: i64 = row.unwrap().unwrap().try_get_by_index(0).unwrap();
        let retried = world.db.retried_items(QUEUE, now, 10).await.unwrap();
        assert_eq!(
            (found == 1, !retried.is_empty(), stuck.may_be_tried(now)),
            (is_free, is_free, is_free),
            "failed at {fail_time}"
        );
    }
}

#[tokio::test]
async fn a_begin_that_is_given_up_leaves_no_session_in_a_transaction() {
    // Of a statement outside of any transaction both are one moment.
    const IS_NEW: &str = "SELECT statement_timestamp() - now() < interval '1 second'";
    let world = world().await;
    if world.db.backend() != DbBackend::Postgres {
        return;
    }
    for steps in 0..200 {
        tokio::select! {
            biased;
            _ = world.db.begin() => {}
            () = async {
                for _ in 0..steps % 8 {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
    }
    kernel::pause(std::time::Duration::from_secs(2)).await;
    let looks = (0..8).map(async |_| {
        let tx = world.db.begin().await.unwrap();
        let row = tx.query_one_raw(statement(&*tx, IS_NEW, [])).await.unwrap();
        kernel::pause(std::time::Duration::from_millis(200)).await;
        row.unwrap().try_get_by_index::<bool>(0).unwrap()
    });
    assert_eq!(join_all(looks).await, [true; 8]);
}
