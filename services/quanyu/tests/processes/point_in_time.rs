//! The drill of docs/operating.md: a PostgreSQL is lost and recovered to a moment amid the load, while NATS knows what happened
//! after it. What was acknowledged by then is there once, nothing of what came later has an effect, and all goes on from there.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::{Clock, Time};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use testkit::{NatsServer, Postgres};
use tests::brand::{POINTS, TMALL};
use tests::story::{self, Order};
use tests::{Api, eventually, until};
use tokio::task::JoinHandle;

use crate::process::quanyu;
use crate::separate_processes::{Beside, Roles};
use crate::server::Server;

/// What an order comes to, and so its points.
const YUAN: i64 = 3;
/// How much is done between two moments.
const ENOUGH: usize = 25;
/// Longer than the workers take to start.
const STARTED: Duration = Duration::from_secs(2);

/// What was acknowledged: entries by their request ids.
type Entries = BTreeMap<String, String>;

/// Somebody who earns points, and somebody who orders, one after the other.
struct Load {
    entries: Arc<Mutex<Entries>>,
    orders: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    fn begin(api: &Api, earner: &str) -> Self {
        let (entries, orders, is_over) = (Arc::default(), Arc::default(), Arc::<AtomicBool>::default());
        let earning = earn(
            api.clone(),
            earner.to_owned(),
            Arc::clone(&entries),
            Arc::clone(&is_over),
        );
        let ordering = order(api.clone(), Arc::clone(&orders), Arc::clone(&is_over));
        Self {
            entries,
            orders,
            is_over,
            callers: vec![tokio::spawn(earning), tokio::spawn(ordering)],
        }
    }

    /// What was acknowledged by now.
    fn acknowledged(&self) -> (Entries, Vec<String>) {
        (
            self.entries.lock().unwrap().clone(),
            self.orders.lock().unwrap().clone(),
        )
    }

    async fn goes_on(&self) {
        let (entries, orders) = self.acknowledged();
        eventually("the load goes on", async || {
            let now = self.acknowledged();
            (now.0.len() > entries.len() + ENOUGH && now.1.len() > orders.len() + ENOUGH).then_some(())
        })
        .await;
    }

    async fn end(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for caller in self.callers.drain(..) {
            caller.await.unwrap();
        }
    }
}

async fn earn(api: Api, member: String, entries: Arc<Mutex<Entries>>, is_over: Arc<AtomicBool>) {
    for number in 0_u32.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let request_id = format!("earn-{number}");
        let entry = story::earn(&api, &request_id, &member, 1).await.unwrap();
        entries.lock().unwrap().insert(request_id, entry.entry_id);
    }
}

async fn order(api: Api, orders: Arc<Mutex<Vec<String>>>, is_over: Arc<AtomicBool>) {
    for number in 0_u32.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let number = format!("steady-{number}");
        paid(&number).pay(&api).await.unwrap();
        orders.lock().unwrap().push(number);
    }
}

fn paid(number: &str) -> Order<'_> {
    Order {
        channel: TMALL,
        external_id: "orders",
        number,
        time: Time::from_seconds(Clock::system().now().millis().div_euclid(1_000)),
        yuan: YUAN,
    }
}

/// One value that PostgreSQL answers.
async fn asked(postgres: &Postgres, sql: &str) -> String {
    let db = Database::connect(postgres.url()).await.unwrap();
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    let value = row.unwrap().unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    value
}

fn doctor(postgres: &Postgres, nats: &NatsServer) -> (bool, String) {
    let mut command: Command = quanyu();
    let outcome = command
        .arg("doctor")
        .env("QUANYU_DATABASE_URL", postgres.url())
        .env("QUANYU_FACTS", "jetstream")
        .env("QUANYU_NATS__URLS", nats.url())
        .output();
    let outcome = outcome.unwrap();
    (outcome.status.success(), String::from_utf8(outcome.stdout).unwrap())
}

/// Waits until all facts are published and applied, as the doctor sees it.
async fn all_is_applied(postgres: &Postgres, nats: &NatsServer) {
    until("all facts are published and applied", (true, 0), async || {
        let (is_well, told) = doctor(postgres, nats);
        let counts = told.lines().filter(|line| line.contains(" behind"));
        let behind = counts.filter(|line| !line.contains("at most 0 facts behind") && !line.contains(", 0 behind"));
        (is_well, behind.count())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and nats-server on the PATH: run the ignored tests too"]
async fn a_database_that_is_recovered_to_a_moment_goes_on_from_there_though_nats_knows_more() {
    let (postgres, nats) = (Postgres::start().await, NatsServer::start().await);
    postgres.stop();
    postgres.keep_log();
    postgres.go_on().await;
    let server = Server::at(postgres.url());
    let beside = || Beside {
        nats: Some(nats.url()),
        ..Beside::default()
    };
    let roles = Roles::start_by(&server, beside());
    let key = roles.gateway().first_key();
    let api = Api::new(&roles.gateway().address, &key);
    story::order_to_coupon(&api).await;
    let earner = story::arrive(&api, TMALL, "earns", None).await.unwrap();
    let customer = story::arrive(&api, TMALL, "orders", None).await.unwrap();

    let mut load = Load::begin(&api, &earner);
    load.goes_on().await;
    postgres.base_backup();
    load.goes_on().await;
    let before = load.acknowledged();
    let moment = asked(&postgres, "SELECT clock_timestamp()::text").await;
    load.goes_on().await;
    load.end().await;
    let after = load.acknowledged();
    all_is_applied(&postgres, &nats).await;
    // What is not in the archive is lost with the server.
    let piece = asked(&postgres, "SELECT pg_walfile_name(pg_switch_wal())").await;
    until("the log is in the archive", true, async || postgres.has_kept(&piece)).await;
    roles.stop().await;
    postgres.kill();
    postgres.recover(&moment).await;

    let (is_well, told) = doctor(&postgres, &nats);
    assert!(!is_well && told.contains("tagging: its stream goes to "), "{told}");
    assert!(
        told.contains("the database was brought back to an earlier moment"),
        "{told}"
    );
    assert!(!told.contains("has applied facts of"), "no consumer is ahead: {told}");

    let roles = Roles::start_by(&server, beside());
    let api = Api::new(&roles.gateway().address, &key);
    kernel::pause(STARTED).await;
    story::earn_by_order(&api, "anew").await;
    all_is_applied(&postgres, &nats).await;
    story::reconcile(&api).await;

    let entries = story::entries(&api, &earner, POINTS).await;
    let entries: Entries = entries
        .into_iter()
        .map(|entry| (entry.reference, entry.entry_id))
        .collect();
    assert!(
        before
            .0
            .iter()
            .all(|(request, entry)| entries.get(request) == Some(entry)),
        "what was acknowledged before the moment is there"
    );
    assert!(entries.len() < after.0.len(), "what came after it is not");
    let orders: Vec<String> = story::timeline(&api, &customer)
        .await
        .into_iter()
        .map(|(_, number)| number)
        .collect();
    let missing: Vec<&String> = before.1.iter().filter(|number| !orders.contains(*number)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "acknowledged before the moment");
    let (found, all) = (orders.len(), after.1.len());
    assert!(found < all, "what came after the moment is not there: {found} of {all}");
    let count = i64::try_from(orders.len()).unwrap();
    assert_eq!(
        story::balance(&api, &customer, POINTS).await,
        count * YUAN,
        "no order that has not happened any more has points"
    );

    // Callers repeat what the platform has forgotten, and what it has not.
    for request_id in after.0.keys() {
        story::earn(&api, request_id, &earner, 1).await.unwrap();
    }
    assert_eq!(
        story::balance(&api, &earner, POINTS).await,
        i64::try_from(after.0.len()).unwrap(),
        "each is there once"
    );
    for number in &after.1 {
        paid(number).pay(&api).await.unwrap();
    }
    let count = i64::try_from(after.1.len()).unwrap();
    until("the points of all orders", count * YUAN, async || {
        story::balance(&api, &customer, POINTS).await
    })
    .await;
    all_is_applied(&postgres, &nats).await;
    story::reconcile(&api).await;
    roles.stop().await;
}

/// Where services have databases of their own, they may come back at different moments.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_ahead_of_the_facts_is_told_by_the_doctor_and_goes_on_when_it_is_brought_back() {
    let server = Server::new().await;
    let roles = Roles::start_by(&server, Beside::default());
    let key = roles.gateway().first_key();
    let api = Api::new(&roles.gateway().address, &key);
    story::order_to_coupon(&api).await;
    roles.stop().await;
    let ahead = "UPDATE consumer SET position = position + 1000 WHERE name = 'points.earn_by_rules'";
    assert_eq!(server.execute("points", ahead).await, 1);
    let told = || {
        let mut command = quanyu();
        command.arg("doctor").arg("--folder").arg(server.folder.path());
        if let Some(url) = &server.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let wrong = told();
    assert!(
        wrong.contains("WRONG points.earn_by_rules has applied facts of tagging up to "),
        "{wrong}"
    );

    let log = tempfile::NamedTempFile::new().unwrap();
    let path = log.path().to_owned();
    let roles = Roles::start_with(&server, Beside::default(), move |role, command| {
        if role == "points" {
            command.stderr(std::fs::File::options().append(true).open(&path).unwrap());
        }
    });
    until("the log tells it", true, async || {
        let log = std::fs::read_to_string(log.path()).unwrap();
        log.lines().any(|line| {
            line.contains("points.earn_by_rules") && line.contains("those in the database of tagging end with")
        })
    })
    .await;
    roles.stop().await;
    // As docs/operating.md has it.
    let back = "UPDATE consumer SET position = position - 1000 WHERE name = 'points.earn_by_rules'";
    assert_eq!(server.execute("points", back).await, 1);
    let roles = Roles::start_by(&server, Beside::default());
    story::earn_by_order(&Api::new(&roles.gateway().address, &key), "anew").await;
    assert!(!told().contains("has applied facts of"));
    roles.stop().await;
    server.remove().await;
}
