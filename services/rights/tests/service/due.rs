//! What the clock ends is told, once, with the state that it leaves: whenever the worker comes by, however often it is killed,
//! and however many look at once.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use contracts_rights::v1::*;
use futures::future::poll_fn;
use kernel::Tenant;
use prost::Message;
use rpc::{Peers, Signer};
use runtime::{Deps, NoFacts, Worker};
use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, statement};

use crate::brand::{AnyCoupon, Brand, brand, ten_off};

const EXPIRE: &str = "rights.expire_coupons";
const LAPSE: &str = "rights.lapse_locks";

impl Brand {
    /// A worker of a replica with this handle, which nobody runs but the test.
    fn worker(&self, name: &str, db: Db) -> Box<dyn Worker> {
        let deps = Deps {
            clock: self.harness.clock.clone(),
            db,
            peers: Peers::new(rights::NAME, Signer::new(&[7; 32]), BTreeMap::new()),
            facts: Arc::new(NoFacts),
            red: self.harness.red.clone(),
        };
        let mut workers = rights::service(deps).workers.into_iter();
        workers
            .find(|worker| worker.name() == name)
            .expect("the worker is there")
    }

    /// The facts of expired coupons, in their order.
    async fn told(&self) -> Vec<CouponExpired> {
        let facts = self.harness.published().await.into_iter();
        let expired = facts.filter(|fact| fact.kind == "rights.coupon_expired");
        expired
            .map(|fact| CouponExpired::decode(&*fact.payload).unwrap())
            .collect()
    }

    async fn count(&self, sql: &str) -> usize {
        let read = self.harness.db.read();
        let row = read.query_one_raw(statement(read, sql, [])).await.unwrap().unwrap();
        let count: i64 = row.try_get_by_index(0).unwrap();
        usize::try_from(count).unwrap()
    }

    /// How many coupons are stored as expired, and how many facts say so.
    async fn expired(&self) -> (usize, usize) {
        let states = self.count("SELECT COUNT(*) FROM coupon WHERE state = 'expired'").await;
        let facts = "SELECT COUNT(*) FROM outbox WHERE kind = 'rights.coupon_expired'";
        (states, self.count(facts).await)
    }

    /// So many coupons whose validity has just ended, and no worker of the harness has seen them.
    async fn due(&self, count: usize) {
        self.create(ten_off("june")).await.unwrap();
        let members: Vec<String> = (0..count).map(|_| self.member()).collect();
        for (number, members) in members.chunks(1_000).enumerate() {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            self.issue(&format!("i{number}"), "june", &members).await.unwrap();
        }
        self.end_validities("state = 'issued'").await;
    }

    /// Ends validities, as if they had been so long from the beginning: the clock stands, and no worker of the harness looks.
    async fn end_validities(&self, which: &str) {
        let sql = format!("UPDATE coupon SET start_time = 0, expire_time = $1 WHERE {which}");
        let tx = self.harness.db.begin().await.unwrap();
        let now = self.harness.clock.now().micros();
        tx.execute_raw(statement(&*tx, &sql, [now.into()])).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn run_sql(&self, sql: &str) {
        let tx = self.harness.db.begin().await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Polls a future so many times at the most, and drops it: none where it had not ended by then.
async fn dropped_after<F: Future>(polls_max: usize, future: F) -> Option<F::Output> {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|context| {
        if polls == polls_max {
            return Poll::Ready(None);
        }
        polls += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn a_coupon_that_expires_is_told_once_in_whatever_way_its_time_came() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let mut coupons = Vec::new();
    for _ in 0..5 {
        coupons.push(brand.one("june", &member).await);
    }
    let ids: Vec<&str> = coupons.iter().map(|coupon| coupon.coupon_id.as_str()).collect();
    let [free, locked, released, returned, used] = ids[..] else {
        panic!("five coupons")
    };
    let clock = &brand.harness.clock;
    let end = clock.now().plus_days(30);
    clock.turn_to(kernel::Time::from_micros(end.micros() - 1));
    for coupon in [locked, released] {
        brand.lock(coupon, coupon, "T-1", 600).await.unwrap();
    }
    for coupon in [returned, used] {
        brand.redeem(coupon, coupon, "T-1", 5_000).await.unwrap();
    }
    brand.settle().await;
    assert_eq!(brand.told().await, []);

    clock.turn_to(end);
    brand.settle().await;
    // Sent twice: the second one is the first one's copy.
    for _ in 0..2 {
        brand.release("release", released, "T-1").await.unwrap();
        brand.give_back("return", returned, "T-1").await.unwrap();
    }
    brand.settle().await;
    clock.turn_to(end.plus_days(1));
    for _ in 0..3 {
        brand.settle().await;
    }
    let told = brand.told().await;
    let order: Vec<&str> = told.iter().map(|fact| fact.coupon_id.as_str()).collect();
    assert_eq!(order, [free, released, returned, locked]);
    for fact in &told {
        let expected = CouponExpired {
            coupon_id: fact.coupon_id.clone(),
            template_code: "june".to_owned(),
            member_id: member.clone(),
            expire_time: Some(end.to_wire()),
        };
        assert_eq!(*fact, expected);
    }
    assert_eq!(brand.coupon(used).await.state(), CouponState::Redeemed);
}

#[tokio::test]
async fn a_reader_sees_the_same_whether_the_worker_has_come_by_or_not() {
    let brand = brand().await;
    brand.due(3).await;
    let members = brand.count("SELECT COUNT(DISTINCT member_id) FROM coupon").await;
    assert_eq!(members, 3);
    let ids = brand.all_coupon_ids().await;
    let mut before = Vec::new();
    for id in &ids {
        before.push(brand.coupon(id).await);
    }
    assert!(before.iter().all(|coupon| coupon.state() == CouponState::Expired));
    let summary = brand.summary().await;
    assert_eq!(brand.expired().await, (0, 0));

    let mut worker = brand.worker(EXPIRE, brand.harness.db.clone());
    while worker.tick().await.unwrap() > 0 {}
    assert_eq!(brand.expired().await, (3, 3));
    for (id, before) in ids.iter().zip(before) {
        assert_eq!(brand.coupon(id).await, before);
    }
    assert_eq!(brand.summary().await, summary);
}

#[tokio::test]
async fn a_worker_that_is_killed_anywhere_leaves_no_state_without_its_fact_and_no_fact_without_its_state() {
    const COUPONS: usize = 2_300;
    const LEFT: &str = "SELECT COUNT(*) FROM coupon WHERE state = 'issued'";
    let brand = brand().await;
    brand.due(COUPONS).await;
    let (mut polls, mut killed) = (1, 0);
    loop {
        // A process that starts anew, and dies after one poll more than the one before.
        let mut worker = brand.worker(EXPIRE, brand.harness.db.clone());
        match dropped_after(polls, worker.tick()).await {
            None => killed += 1,
            Some(done) => drop(done.unwrap()),
        }
        if brand.count(LEFT).await == 0 {
            break;
        }
        polls += 1;
        let (states, facts) = brand.expired().await;
        assert_eq!(states, facts, "after {polls} polls");
    }
    assert!(killed >= 5, "it was killed {killed} times");
    assert_eq!(brand.expired().await, (COUPONS, COUPONS));
    let distinct: std::collections::BTreeSet<String> =
        brand.told().await.into_iter().map(|fact| fact.coupon_id).collect();
    assert_eq!(distinct.len(), COUPONS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_look_at_once_expire_each_coupon_once() {
    const COUPONS: usize = 2_300;
    let brand = brand().await;
    brand.due(COUPONS).await;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let db = brand.harness.another_db(rights::migrations()).await;
        let mut worker = brand.worker(EXPIRE, db);
        replicas.push(tokio::spawn(async move {
            let mut done = 0;
            // One that finds all in the other's hands would rest.
            for _ in 0..1_000 {
                match worker.tick().await {
                    Ok(0) => kernel::pause(std::time::Duration::from_millis(1)).await,
                    Ok(more) => done += more,
                    // SQLite lets one write at a time.
                    Err(fault) => assert!(matches!(fault, fault::Fault::Unavailable { .. }), "{fault}"),
                }
            }
            done
        }));
    }
    let mut done = 0;
    for replica in replicas {
        done += replica.await.unwrap();
    }
    assert_eq!(done, COUPONS, "what one has ended is no other's work");
    assert_eq!(brand.expired().await, (COUPONS, COUPONS));
}

#[tokio::test]
async fn a_coupon_that_cannot_be_expired_holds_up_no_other_and_is_expired_once_it_can() {
    const COUPONS: usize = 40;
    let brand = brand().await;
    brand.due(COUPONS).await;
    let one = brand.all_coupon_ids().await.remove(7);
    let is_sqlite = brand.harness.db.backend() == DbBackend::Sqlite;
    let uuid = one.parse::<kernel::Id<AnyCoupon>>().unwrap().uuid();
    let plant = if is_sqlite {
        format!(
            "CREATE TRIGGER planted BEFORE UPDATE ON coupon WHEN NEW.coupon_id = x'{}' BEGIN \
             SELECT RAISE(ABORT, 'planted'); END",
            uuid.simple()
        )
    } else {
        format!("ALTER TABLE coupon ADD CONSTRAINT planted CHECK (coupon_id <> '{uuid}' OR state = 'issued')")
    };
    brand.run_sql(&plant).await;
    let mut worker = brand.worker(EXPIRE, brand.harness.db.clone());
    while worker.tick().await.unwrap() > 0 {}
    assert_eq!(brand.expired().await, (COUPONS - 1, COUPONS - 1));
    let stuck = brand.harness.db.stuck_items(10).await.unwrap();
    assert_eq!(
        stuck
            .iter()
            .map(|item| (item.queue.as_str(), item.item.clone()))
            .collect::<Vec<_>>(),
        [(EXPIRE, uuid.simple().to_string())]
    );
    // It is read as what it is all the same.
    assert_eq!(brand.coupon(&one).await.state(), CouponState::Expired);

    let cure = if is_sqlite {
        "DROP TRIGGER planted"
    } else {
        "ALTER TABLE coupon DROP CONSTRAINT planted"
    };
    brand.run_sql(cure).await;
    brand.harness.clock.advance(std::time::Duration::from_secs(2));
    brand.settle().await;
    assert_eq!(brand.expired().await, (COUPONS, COUPONS));
    assert_eq!(brand.harness.db.stuck_items(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_brand_with_thousands_due_delays_another_one_by_a_page() {
    let mut brand = brand().await;
    brand.due(2_300).await;
    let first = brand.tenant;
    brand.tenant = brand.harness.other_tenant();
    brand.due(1).await;
    let second = brand.tenant;
    let of = async |tenant: Tenant| {
        let read = brand.harness.db.read();
        let sql = "SELECT COUNT(*) FROM coupon WHERE tenant_id = $1 AND state = 'expired'";
        let row = read.query_one_raw(statement(read, sql, [tenant.uuid().into()])).await;
        row.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap()
    };
    let mut worker = brand.worker(EXPIRE, brand.harness.db.clone());
    assert!(worker.tick().await.unwrap() > 0);
    let (of_first, of_second) = (of(first).await, of(second).await);
    assert!((1..2_300).contains(&of_first), "{of_first}: a transaction is bounded");
    assert_eq!(of_second, 1);
}

#[tokio::test]
async fn what_the_clock_ends_is_not_done_by_a_clock_that_is_not_believed() {
    let brand = brand().await;
    for name in [EXPIRE, LAPSE] {
        assert!(brand.worker(name, brand.harness.db.clone()).does_due_work(), "{name}");
    }
}

impl Brand {
    /// The ids of all coupons of any brand, the oldest first.
    async fn all_coupon_ids(&self) -> Vec<String> {
        let read = self.harness.db.read();
        let sql = "SELECT coupon_id FROM coupon ORDER BY coupon_id";
        let rows = read.query_all_raw(statement(read, sql, [])).await.unwrap();
        let id = |row: &sea_orm::QueryResult| kernel::Id::<AnyCoupon>::from_uuid(row.try_get_by_index(0).unwrap());
        rows.iter().map(|row| id(row).to_string()).collect()
    }
}
