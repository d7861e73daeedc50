//! What was put aside: shown to an operator by a command and to clients by the run itself, and tried again.

use std::process::Output;

use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tests::{Rest, eventually};

use crate::process::{Process, quanyu};
use crate::server::Server;

fn on(server: &Server, arguments: &[&str]) -> std::process::Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

fn parked(server: &Server, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, .. } = on(server, &[&["parked"], arguments].concat()).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap())
}

/// Changes the one row of a table of the journeys, behind the back of the platform. Answers whether there was one.
async fn change(server: &Server, table: &str, to: &str) -> bool {
    let (address, schema) = match &server.url {
        Some(url) => (url.clone(), "campaign."),
        None => (
            format!("sqlite:{}", server.folder.path().join("campaign.db").display()),
            "",
        ),
    };
    let db = Database::connect(address).await.unwrap();
    let changed = db.execute_unprepared(&format!("UPDATE {schema}{table} SET {to}")).await;
    db.close().await.unwrap();
    changed.unwrap().rows_affected() == 1
}

async fn good(rest: &Rest, path: &str, body: Value) -> Value {
    let answer = rest.post(path, &body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

/// A journey that goes on after an hour.
async fn publish(rest: &Rest) {
    let nodes = json!([
        {"nodeId": "pause", "wait": {"duration": "3600s", "nextNodeId": "end"}},
        {"nodeId": "end", "exit": {"outcomeCode": "over"}},
    ]);
    let definition = json!({
        "trigger": {"factType": "identity.member_registered"},
        "reentryRule": "REENTRY_RULE_ONCE",
        "firstNodeId": "pause",
        "nodes": nodes,
    });
    let journey = json!({"code": "slow", "displayName": "Slow", "definition": definition});
    good(
        rest,
        "/v1/journeys",
        json!({"requestId": "journey", "journey": journey}),
    )
    .await;
    good(rest, "/v1/journeys/slow:publish", json!({"requestId": "publish"})).await;
}

async fn arrive(rest: &Rest) -> String {
    let channel = json!({"channelCode": "pos", "kind": "CHANNEL_KIND_POS", "displayName": "Shop", "trustRank": 100});
    good(
        rest,
        "/v1/channels",
        json!({"requestId": "channel", "channel": channel}),
    )
    .await;
    let arrival = json!({"channelCode": "pos", "externalId": "1"});
    let answer = good(
        rest,
        "/v1/members:resolve",
        json!({"requestId": "arrive", "arrival": arrival}),
    )
    .await;
    answer["resolution"]["memberId"].as_str().unwrap().to_owned()
}

async fn run_of(rest: &Rest, member: &str) -> Option<Value> {
    let answer = rest.get(&format!("/v1/members/{member}/journey-runs")).await.json();
    answer["runs"].as_array().and_then(|runs| runs.first().cloned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_parked_is_shown_and_goes_on_when_it_is_replayed() {
    let server = Server::new().await;
    let mut up = Process::start(on(&server, &["up", "--listen", "127.0.0.1:0"]));
    let key = up.first_key();
    let rest = Rest::new(&up.address, Some(&key));
    assert_eq!(parked(&server, &["list"]), (true, "nothing was put aside\n".to_owned()));

    publish(&rest).await;
    let member = arrive(&rest).await;
    eventually("the run waits", async || {
        run_of(&rest, &member)
            .await
            .filter(|run| run["state"] == "JOURNEY_RUN_STATE_WAITING")
    })
    .await;
    assert_eq!(run_of(&rest, &member).await.unwrap()["parked"], Value::Null);

    // It becomes due, and its version is none that there is. The tries are counted on to the last but one.
    assert!(change(&server, "run", "version = 7, due_time = 1").await);
    eventually("the run fails", async || {
        change(&server, "stuck_item", "tries = 9").await.then_some(())
    })
    .await;
    let shown = eventually("the run is parked", async || {
        run_of(&rest, &member).await.filter(|run| run["parked"].is_object())
    })
    .await;
    assert!(shown["parked"]["sinceTime"].is_string(), "{shown}");
    assert!(!shown["parked"]["reason"].as_str().unwrap().is_empty(), "{shown}");
    let one = rest
        .get(&format!("/v1/journey-runs/{}", shown["runId"].as_str().unwrap()))
        .await;
    assert_eq!(one.json()["run"], shown);

    let (is_good, listed) = parked(&server, &["list"]);
    let name = listed.lines().next().unwrap();
    assert!(is_good && name.starts_with("campaign.run_journeys/"), "{listed}");
    assert!(listed.contains("failed 10 times, parked: "), "{listed}");
    let (is_good, told) = parked(&server, &["replay", &format!("{name}0")]);
    assert!(!is_good && told.contains("there is no parked item"), "{told}");

    assert!(change(&server, "run", "version = 1, wait_until = enter_time").await);
    let (is_good, told) = parked(&server, &["replay", name]);
    assert!(is_good && told.contains("released"), "{told}");
    let ended = eventually("the run ends", async || {
        let run = run_of(&rest, &member).await;
        run.filter(|run| run["state"] == "JOURNEY_RUN_STATE_COMPLETED")
    })
    .await;
    assert_eq!(
        (&ended["parked"], &ended["outcomeCode"]),
        (&Value::Null, &json!("over"))
    );
    assert_eq!(parked(&server, &["list"]), (true, "nothing was put aside\n".to_owned()));
    up.signal("TERM");
    assert!(up.ended().await.success());
    server.remove().await;
}
