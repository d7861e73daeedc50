//! A platform whose clock is far from when it was last seen at work.

use std::process::{Command, Output};
use std::time::Duration;

use contracts_points::v1::{EarnPointsRequest, EntryKind};
use kernel::{Clock, Time};
use sea_orm::{ConnectionTrait, Database};
use tests::brand::{POINTS, TMALL};
use tests::{Api, Rest, brand, eventually, story, until};

use crate::process::{Process, free_address, quanyu};
use crate::server::Server;

/// How long what expires lasts: long enough for the platform to be stopped before it does.
const LASTS: Duration = Duration::from_secs(4);
const YEAR: Duration = Duration::from_hours(365 * 24);

/// A command on the rows of a server.
fn on(server: &Server, arguments: &[&str]) -> Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

/// Whether a command succeeded, and what it told.
fn told(server: &Server, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = on(server, arguments).output().unwrap();
    let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.success(), text)
}

/// Makes it a year since a service was last seen at work.
async fn set_back(server: &Server, service: &str) {
    let (url, table) = if let Some(url) = &server.url {
        (url.clone(), format!("{service}.heartbeat"))
    } else {
        let file = server.folder.path().join(format!("{service}.db"));
        (format!("sqlite:{}", file.display()), "heartbeat".to_owned())
    };
    let db = Database::connect(url).await.unwrap();
    let sql = format!(
        "UPDATE {table} SET seen_time = seen_time - {} WHERE seen_time IS NOT NULL",
        YEAR.as_micros()
    );
    assert_eq!(db.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
}

/// How many points have expired in the member's books.
async fn expired(api: &Api, member: &str) -> usize {
    let entries = story::entries(api, member, POINTS).await;
    entries.iter().filter(|entry| entry.kind() == EntryKind::Expire).count()
}

fn date(time: Time) -> String {
    time.to_string()[.."YYYY-MM-DD".len()].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_starts_a_year_after_it_was_last_seen_expires_nothing_until_an_operator_agrees() {
    let server = Server::new().await;
    let admin = free_address();
    let start = || {
        Process::start(on(
            &server,
            &["up", "--listen", "127.0.0.1:0", "--admin-listen", &admin],
        ))
    };
    let mut up = start();
    let key = up.first_key();
    let api = Api::new(&up.address, &key);
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();
    let expire_time = Clock::system().now().plus(LASTS);
    let earn = EarnPointsRequest {
        request_id: "short".to_owned(),
        member_id: member.clone(),
        asset_code: POINTS.to_owned(),
        amount: 100,
        expire_time: Some(expire_time.to_wire()),
        ..EarnPointsRequest::default()
    };
    api.points().earn_points(earn).await.unwrap();
    up.kill();
    // The services that were seen last are not the ones that wait.
    for service in ["points", "rights"] {
        set_back(&server, service).await;
    }
    Clock::system().sleep_until(expire_time).await;

    let up = start();
    let api = Api::new(&up.address, &key);
    let figures = Rest::new(&admin, None);
    until("the services that doubt the clock", true, async || {
        figures.get("/metrics").await.text.contains("\nclock_doubted 2\n")
    })
    .await;
    story::earn(&api, "during", &member, 30).await.unwrap();
    assert_eq!(
        story::balance(&api, &member, POINTS).await,
        30,
        "what has expired is not spent"
    );
    let (is_well, doctor) = told(&server, &["doctor"]);
    for what in [
        "WRONG points:",
        "WRONG rights:",
        "more than 14 days",
        "quanyu clock accept --today",
    ] {
        assert!(!is_well && doctor.contains(what), "{what}: {doctor}");
    }
    assert!(!doctor.contains("WRONG tagging"), "{doctor}");

    let now = Clock::system().now();
    let (is_accepted, refusal) = told(&server, &["clock", "accept", "--today", &date(now.minus(YEAR))]);
    assert!(
        !is_accepted && refusal.contains("set the clock right first"),
        "{refusal}"
    );
    let (is_believed, shown) = told(&server, &["clock", "show"]);
    assert!(!is_believed && shown.contains("points: last seen at work"), "{shown}");
    assert_eq!(expired(&api, &member).await, 0, "nothing has expired by then");

    let (is_accepted, answer) = told(&server, &["clock", "accept", "--today", &date(now)]);
    assert!(is_accepted, "{answer}");
    eventually("what has waited expires", async || {
        (expired(&api, &member).await == 1).then_some(())
    })
    .await;
    assert_eq!(story::balance(&api, &member, POINTS).await, 30);
    until("that nobody doubts the clock", true, async || {
        figures.get("/metrics").await.text.contains("\nclock_doubted 0\n")
    })
    .await;
    let (_, doctor) = told(&server, &["doctor"]);
    assert!(doctor.contains("nobody doubts it"), "{doctor}");
    story::reconcile(&api).await;
    drop(up);
    server.remove().await;
}
