use std::time::Duration;

use gateway::GatewayConfig;
use http::StatusCode;
use serde_json::json;

use crate::platform::Platform;

const REDEEM: &str = "/v1/members/mbr_1/points:redeem";

fn redeem(asset_code: &str) -> serde_json::Value {
    json!({"requestId": "order-1", "assetCode": asset_code, "amount": "500", "reference": "order-1"})
}

#[tokio::test]
async fn a_request_reaches_its_service_and_its_answer_comes_back_as_json() {
    let platform = Platform::start().await;
    let answer = platform.post(REDEEM, redeem("points")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    let entry = &answer.json()["entry"];
    assert_eq!(
        (&entry["memberId"], &entry["amount"]),
        (&json!("mbr_1"), &json!("-500"))
    );
    let caller = entry["counterpartMemberId"].as_str().unwrap();
    assert!(
        caller.starts_with(&format!("{} key_", platform.first.tenant)),
        "{caller}"
    );
}

#[tokio::test]
async fn the_contract_s_spelling_and_plain_numbers_are_read_too() {
    let platform = Platform::start().await;
    let body = json!({"request_id": "order-1", "asset_code": "points", "amount": 500});
    assert_eq!(platform.post(REDEEM, body).await.json()["entry"]["amount"], "-500");
}

#[tokio::test]
async fn fields_with_their_default_value_are_written() {
    let platform = Platform::start().await;
    let answer = platform
        .get("/v1/members/mbr_1/balances/points?expiringWithinDays=7")
        .await;
    let expected = json!({
        "memberId": "mbr_1", "assetCode": "points", "available": "0", "held": "0", "pending": "0", "debt": "0",
        "expiringSoon": "7", "sequence": "0",
    });
    assert_eq!(answer.json(), json!({"balance": expected}));
}

#[tokio::test]
async fn a_refusal_keeps_its_code_reason_and_metadata() {
    let platform = Platform::start().await;
    let answer = platform.post(REDEEM, redeem("empty")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["code"], 9);
    assert_eq!(answer.json()["message"], "redeem 500: 70 are available");
    let info = answer.detail("ErrorInfo");
    assert_eq!(
        (&info["reason"], &info["domain"]),
        (&json!("INSUFFICIENT_POINTS"), &json!("quanyu.points"))
    );
    assert_eq!(info["metadata"], json!({"available": "70", "requested": "500"}));
}

#[tokio::test]
async fn a_caller_who_should_come_back_is_told_when() {
    let platform = Platform::start().await;
    let answer = platform.post(REDEEM, redeem("busy")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.detail("RetryInfo")["retryDelay"], "1.500s");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn the_cause_of_a_fault_of_ours_is_not_told() {
    let platform = Platform::start().await;
    for asset_code in ["broken", "panic"] {
        let answer = platform.post(REDEEM, redeem(asset_code)).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL")
        );
        assert!(
            !answer.text.contains("secret") && !answer.text.contains("test"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn every_broken_shape_rule_is_told_at_once() {
    let platform = Platform::start().await;
    let answer = platform.post(REDEEM, json!({"assetCode": "No", "amount": 0})).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::BAD_REQUEST, "INVALID_FIELD")
    );
    let mut violations = answer.violations();
    violations.sort();
    assert_eq!(violations, ["amount", "assetCode", "requestId"]);
}

#[tokio::test]
async fn a_body_that_does_not_fit_the_contract_is_refused_with_the_path() {
    let platform = Platform::start().await;
    for (body, path) in [
        (r#"{"colour": "red"}"#, "colour"),
        (r#"{"amount": "many"}"#, "amount"),
        (r#"{"assetCode": ["points"]}"#, "assetCode"),
        (r#"{"asset_code": ["points"]}"#, "asset_code"),
        ("{", ""),
        ("[]", ""),
    ] {
        let answer = platform.post(REDEEM, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let violations = answer.violations();
        assert_eq!(violations[0], path, "{body}: {}", answer.text);
        // What is no message at all has nothing else to be told of.
        assert_eq!(violations.len() == 1, path.is_empty(), "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn bodies_are_limited_in_length_and_depth() {
    let platform = Platform::start_with(GatewayConfig {
        body_bytes_max: 1_000,
        ..GatewayConfig::default()
    })
    .await;
    let long = json!({"reference": "a".repeat(1_000)});
    let answer = platform.post(REDEEM, long).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "INVALID_FIELD")
    );
    let deep = format!("{{\"reference\": {}{}}}", "[".repeat(100), "]".repeat(100));
    assert_eq!(platform.post(REDEEM, deep).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_is_json_whatever_a_tool_calls_it() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    for content_type in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
        let headers = [key, ("content-type", content_type)];
        let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_answered_like_every_other_error() {
    let platform = Platform::start().await;
    for path in [
        "/",
        "/v1/nothing",
        "/v1/members/mbr_1/points:forge",
        "/quanyu.events.internal.v1.FeedService/ReadFacts",
    ] {
        let answer = platform.post(path, "{}").await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::NOT_FOUND, "NOT_FOUND"),
            "{path}"
        );
    }
    let answer = platform.get(REDEEM).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "METHOD_UNKNOWN")
    );
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let platform = Platform::start().await;
    let answer = platform.get("/v1/journeys").await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
    );
    assert!(answer.headers.contains_key("retry-after"));
    let told = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        told.starts_with("the service campaign cannot be reached") && told.contains("repeat later"),
        "{told}"
    );
    assert_eq!(answer.detail("RetryInfo")["retryDelay"], "0.500s");
}

#[tokio::test]
async fn a_deadline_holds() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    let headers = [key, ("content-type", "application/json"), ("grpc-timeout", "50m")];
    let answer = platform.send("POST", REDEEM, &headers, redeem("slow")).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn a_request_without_a_deadline_has_the_gateway_s() {
    let config = GatewayConfig {
        timeout: Duration::from_millis(50),
        ..GatewayConfig::default()
    };
    let platform = Platform::start_with(config).await;
    let answer = platform.post(REDEEM, redeem("slow")).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn health_and_the_document_ask_for_no_key() {
    let platform = Platform::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = platform.send("GET", path, &[], "").await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, json!({"status": "SERVING"})),
            "{path}"
        );
    }
    let document = platform.send("GET", "/openapi.json", &[], "").await;
    assert_eq!(document.json()["openapi"], "3.1.1");
}

#[tokio::test]
async fn a_gateway_without_its_database_is_not_ready() {
    let platform = Platform::start().await;
    platform.db.close().await.unwrap();
    assert_eq!(
        platform.send("GET", "/readyz", &[], "").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(platform.send("GET", "/healthz", &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stranger_is_told_once_of_what_something_is_wrong_whatever_it_is() {
    let platform = Platform::start().await;
    let troubles = || vec!["nobody is learnt of".to_owned(), "nobody finds it".to_owned()];
    platform.readiness.degraded_by("etcd", troubles);
    let answer = platform.send("GET", "/readyz", &[], "").await;
    let findings = serde_json::json!([{"of": "etcd", "reason": "UNAVAILABLE"}]);
    assert_eq!((answer.status, &answer.json()["findings"]), (StatusCode::OK, &findings));
    assert!(platform.own_report().await.contains("nobody finds it"));
}

#[tokio::test]
async fn other_origins_are_told_nothing() {
    let platform = Platform::start().await;
    let answer = platform
        .send("GET", "/v1/tenant", &[("origin", "https://example.org")], "")
        .await;
    assert!(
        !answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control")),
        "{:?}",
        answer.headers
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let config = GatewayConfig {
        timeout: Duration::from_millis(50),
        ..GatewayConfig::default()
    };
    let platform = Platform::start_with(config).await;
    let mut connection = tokio::net::TcpStream::connect(platform.address).await.unwrap();
    let head = format!(
        "POST {REDEEM} HTTP/1.1\r\nhost: quanyu\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{",
        platform.first.secret.reveal()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
}
