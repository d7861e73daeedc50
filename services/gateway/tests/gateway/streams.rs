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
async fn a_line_that_cannot_be_read_refuses_itself_alone_and_is_named() {
    let platform = Platform::start().await;
    let body = [
        r#"{"rows": [{}]}"#,
        r#"{"rows": [{}], "colour": 1}"#,
        r#"{"rows": [{"#,
        r#"{"rows": [{"rowNumber": "x"}, {}]}"#,
        "null",
        r#"{"rows": [{}]}"#,
    ];
    let answer = lines(&platform, "/v1/members:import", &body.join("\n")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let told = answer.json();
    let refused: Vec<&str> = told["refusedRows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["refusal"]["message"].as_str().unwrap())
        .collect();
    assert_eq!(refused.len(), 4, "{told}");
    for (message, line) in refused.iter().zip(["line 2: ", "line 3: ", "line 4: ", "line 5: "]) {
        assert!(message.starts_with(line), "{message}");
    }
    // The rows beside them arrived; what refuses a whole line takes a place of its own.
    assert_eq!(told["rowCount"], "8");
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
    let long = format!("{{\"rows\": [{}]}}", " ".repeat(100_000));
    for (body, row_count) in [
        (long.clone(), "1"),
        (format!("{long}\n"), "1"),
        (format!("{long}\n{{\"rows\": [{{}}]}}"), "2"),
    ] {
        let told = lines(&platform, "/v1/members:import", &body).await.json();
        let message = told["refusedRows"][0]["refusal"]["message"].as_str().unwrap();
        assert!(message.starts_with("line 1: a line has at most 100 bytes"), "{told}");
        assert_eq!(told["rowCount"], row_count, "{told}");
    }
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
async fn a_bad_line_in_a_stream_that_is_answered_has_an_answer_of_its_own() {
    let platform = Platform::start().await;
    let body = [
        r#"{"requestId": "a"}"#,
        "nonsense",
        r#"{"requestId": "c", "activity": {"occurTime": 5}}"#,
        r#"{"requestId": "d"}"#,
    ];
    let answers = parsed(&lines(&platform, "/v1/activities:stream", &body.join("\n")).await);
    let ids: Vec<&str> = answers
        .iter()
        .map(|answer| answer["requestId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["a", "", "c", "d"]);
    let violation = |place: usize| &answers[place]["result"]["refusal"]["violations"][0];
    let message = violation(1)["message"].as_str().unwrap();
    assert!(message.starts_with("line 2: "), "{message}");
    assert_eq!(violation(2)["path"], "occurTime");
}

#[tokio::test]
async fn a_refused_item_names_its_fields_as_the_caller_wrote_them() {
    let platform = Platform::start().await;
    for (line, path, others) in [
        (
            r#"{"requestId": "amounts"}"#,
            "items[0].discountAmount",
            ["surchargeAmount", "channelCode together with externalId"],
        ),
        (
            r#"{"request_id": "amounts"}"#,
            "items[0].discount_amount",
            ["surcharge_amount", "channel_code together with external_id"],
        ),
    ] {
        let answer = lines(&platform, "/v1/activities:stream", line).await;
        let refusal = parsed(&answer)[0]["result"]["refusal"].clone();
        let violation = &refusal["violations"][0];
        assert_eq!(violation["path"], path, "{}", answer.text);
        for sentence in [&violation["message"], &refusal["message"]] {
            let sentence = sentence.as_str().unwrap();
            assert!(others.iter().all(|other| sentence.contains(other)), "{sentence}");
        }
        assert!(
            refusal["message"].as_str().unwrap().starts_with(path),
            "{}",
            answer.text
        );
    }
}
