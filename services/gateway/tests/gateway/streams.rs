use gateway::GatewayConfig;
use http::StatusCode;
use serde_json::{Value, json};

use crate::platform::{Answer, Platform};

async fn lines(platform: &Platform, path: &str, body: &str) -> Answer {
    let key = ("x-api-key", platform.first.secret.reveal());
    platform
        .send("POST", path, &[key, ("content-type", "application/x-ndjson")], body)
        .await
}

fn parsed(answer: &Answer) -> Vec<Value> {
    answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn many_messages_are_sent_as_lines() {
    let platform = Platform::start().await;
    let body = "{\"rows\": [{}, {}]}\n\n{\"rows\": [{}]}\r\n{\"rows\": []}";
    let answer = lines(&platform, "/v1/members:import", body).await;
    assert_eq!(
        (answer.status, &answer.json()["rowCount"]),
        (StatusCode::OK, &json!("3")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_line_that_cannot_be_read_ends_the_call_and_is_named() {
    let platform = Platform::start().await;
    let answer = lines(
        &platform,
        "/v1/members:import",
        "{\"rows\": []}\n{\"rows\": [{}], \"colour\": 1}\n",
    )
    .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.violations(), ["colour"]);
    assert!(answer.text.contains("line 2"), "{}", answer.text);
}

#[tokio::test]
async fn a_stream_may_be_longer_than_a_body_but_its_lines_may_not() {
    let platform = Platform::start_with(GatewayConfig {
        body_bytes_max: 100,
        ..GatewayConfig::default()
    })
    .await;
    let answer = lines(&platform, "/v1/members:import", &"{\"rows\": [{}]}\n".repeat(1_000)).await;
    assert_eq!(answer.json()["rowCount"], "1000");
    let answer = lines(
        &platform,
        "/v1/members:import",
        &format!("{{\"rows\": [{}]}}", " ".repeat(100)),
    )
    .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_stream_is_answered_line_by_line() {
    let platform = Platform::start().await;
    let body = "{\"requestId\": \"a\"}\n{\"requestId\": \"b\"}\n";
    let answer = lines(&platform, "/v1/activities:stream", body).await;
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    assert_eq!(parsed(&answer), [json!({"requestId": "a"}), json!({"requestId": "b"})]);
}

#[tokio::test]
async fn what_goes_wrong_under_way_is_the_last_line() {
    let platform = Platform::start().await;
    let body = "{\"requestId\": \"a\"}\n{\"requestId\": \"fail\"}\n{\"requestId\": \"c\"}\n";
    let parsed_lines = parsed(&lines(&platform, "/v1/activities:stream", body).await);
    assert_eq!(parsed_lines.len(), 2);
    assert_eq!(parsed_lines[0], json!({"requestId": "a"}));
    assert_eq!(
        (
            &parsed_lines[1]["error"]["code"],
            parsed_lines[1]["error"]["details"].is_array()
        ),
        (&json!(3), true)
    );
}

#[tokio::test]
async fn a_bad_line_in_a_stream_that_is_answered_is_the_last_line() {
    let platform = Platform::start().await;
    let answer = lines(&platform, "/v1/activities:stream", "{\"requestId\": \"a\"}\nnonsense\n").await;
    // Whether the first answer was on its way before the second line was read is a race.
    let error = if answer.status == StatusCode::OK {
        parsed(&answer).pop().unwrap()["error"].clone()
    } else {
        answer.json()
    };
    assert_eq!(error["code"], 3, "{answer:?}");
    assert!(error.to_string().contains("line 2"), "{error}");
}
