//! What HTTP asks of every server: HEAD, 405, deadlines, keys.

use http::StatusCode;
use serde_json::json;

use crate::platform::Platform;

const BALANCE: &str = "/v1/members/mbr_1/balances/points";
const REDEEM: &str = "/v1/members/mbr_1/points:redeem";

fn redeem(asset_code: &str) -> serde_json::Value {
    json!({"requestId": "order-1", "assetCode": asset_code, "amount": "500"})
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    for path in [BALANCE, "/healthz", "/readyz", "/openapi.json", "/v1/nothing"] {
        let get = platform.send("GET", path, &[key], "").await;
        let head = platform.send("HEAD", path, &[key], "").await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.headers["content-type"], get.headers["content-type"], "{path}");
        assert_eq!(head.headers["content-length"], get.text.len().to_string(), "{path}");
    }
    let anonymous = platform.send("HEAD", BALANCE, &[], "").await;
    assert_eq!(
        (anonymous.status, anonymous.text.as_str()),
        (StatusCode::UNAUTHORIZED, "")
    );
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    for (method, path, allow) in [
        ("DELETE", "/v1/channels", "GET, HEAD, POST"),
        ("POST", BALANCE, "GET, HEAD"),
        ("GET", REDEEM, "POST"),
        ("HEAD", REDEEM, "POST"),
        ("GET", "/v1/members/mbr_1:undoMerge", "POST"),
        ("PUT", "/v1/members:merge", "POST"),
        ("OPTIONS", "/v1/members/wx:123", "GET, HEAD, PATCH"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ] {
        let answer = platform.send(method, path, &[key], "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(answer.headers["allow"], allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_deadline_holds_however_its_client_writes_it() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    for timeout in ["50m", "33.3333m", "000000050m", "50000000n", "0m", "0.00001H"] {
        let headers = [key, ("grpc-timeout", timeout)];
        let answer = platform.send("POST", REDEEM, &headers, redeem("slow")).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
            "{timeout}"
        );
    }
    for (name, timeout) in [("connect-timeout-ms", "50"), ("connect-timeout-ms", "0")] {
        let answer = platform
            .send("POST", REDEEM, &[key, (name, timeout)], redeem("slow"))
            .await;
        assert_eq!(answer.reason(), "DEADLINE_EXCEEDED", "{name}: {timeout}");
    }
    for timeout in ["8640000000m", "99999999H", "3000000000S"] {
        let headers = [key, ("grpc-timeout", timeout)];
        let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
        assert_eq!(answer.status, StatusCode::OK, "{timeout}");
    }
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_never_answered() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    let balance = "/v1/members/mbr_1/balances/points";
    let lines = "/v1/activities:stream";
    for (name, timeout) in [
        ("grpc-timeout", "0S"),
        ("grpc-timeout", "0m"),
        ("grpc-timeout", "0n"),
        ("grpc-timeout", "0.4n"),
        ("grpc-timeout", "1n"),
        ("grpc-timeout", "1u"),
        ("connect-timeout-ms", "0"),
    ] {
        for (method, path, body) in [
            ("GET", balance, String::new()),
            ("GET", "/v1/tenant", String::new()),
            ("POST", REDEEM, redeem("points").to_string()),
            ("POST", lines, "{\"requestId\": \"a\"}\n".to_owned()),
        ] {
            for _ in 0..5 {
                let answer = platform.send(method, path, &[key, (name, timeout)], &body).await;
                assert_eq!(
                    answer.status,
                    StatusCode::GATEWAY_TIMEOUT,
                    "{name}: {timeout}, {path}: {}",
                    answer.text
                );
                assert_eq!(answer.reason(), "DEADLINE_EXCEEDED", "{name}: {timeout}, {path}");
            }
        }
    }
}

#[tokio::test]
async fn the_caller_s_time_runs_while_the_body_comes() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let platform = Platform::start().await;
    let mut connection = tokio::net::TcpStream::connect(platform.address).await.unwrap();
    let head = format!(
        "POST {REDEEM} HTTP/1.1\r\nhost: quanyu\r\nx-api-key: {}\r\ngrpc-timeout: 50m\r\ncontent-length: 10\r\n\r\n{{",
        platform.first.secret.reveal()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut bytes = [0; 4_096];
    let whole = async {
        while !String::from_utf8_lossy(&answer).contains("\r\n\r\n{") {
            let read = connection.read(&mut bytes).await.unwrap();
            assert!(read > 0, "it was closed: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&bytes[..read]);
        }
    };
    // The rest of the body never comes.
    let answered = tokio::time::timeout(std::time::Duration::from_secs(10), whole).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answered.is_ok(), "the body was waited for: {answer}");
    assert!(
        answer.starts_with("HTTP/1.1 504") && answer.contains("DEADLINE_EXCEEDED"),
        "{answer}"
    );
}

#[tokio::test]
async fn sentences_and_metadata_name_fields_as_the_caller_wrote_them() {
    let platform = Platform::start().await;
    let camel = json!({"requestId": "order-1", "assetCode": "late", "amount": "5"});
    let contract = json!({"request_id": "order-1", "asset_code": "late", "amount": "5"});
    for (body, (available, expire)) in [
        (camel, ("availableTime", "expireTime")),
        (contract, ("available_time", "expire_time")),
    ] {
        let answer = platform.post(REDEEM, &body).await;
        let sentence = format!("{available} is late: give an {expire}");
        assert_eq!(answer.json()["message"], sentence);
        assert_eq!(answer.violations(), [available]);
        let violations = &answer.detail("BadRequest")["fieldViolations"];
        assert_eq!(violations[0]["description"], sentence);
        assert_eq!(answer.detail("ErrorInfo")["metadata"], json!({"field": available}));
    }
    // What is called as a field is, and is the caller's own.
    let own = json!({"requestId": "order-1", "assetCode": "tag_code", "amount": "5"});
    let answer = platform.post(REDEEM, &own).await;
    assert_eq!(answer.json()["message"], "there is no asset tag_code");
    assert_eq!(answer.detail("ErrorInfo")["metadata"]["id"], "tag_code");
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_is_refused() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    for timeout in ["", "5", "-5m", "5ms", "five", "1e3m"] {
        let headers = [key, ("grpc-timeout", timeout)];
        let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
        assert_eq!(
            (answer.status, answer.violations()),
            (StatusCode::BAD_REQUEST, vec!["grpc-timeout".to_owned()]),
            "{timeout}"
        );
    }
    for timeout in ["", "-5", "5m", "5.5", "10000000000"] {
        let headers = [key, ("connect-timeout-ms", timeout)];
        let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
        assert_eq!(
            (answer.status, answer.violations()),
            (StatusCode::BAD_REQUEST, vec!["connect-timeout-ms".to_owned()]),
            "{timeout}"
        );
    }
    let headers = [key, ("grpc-timeout", "5S"), ("grpc-timeout", "6S")];
    let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_empty_key_is_none_and_two_keys_are_refused() {
    let platform = Platform::start().await;
    let key = platform.first.secret.reveal();
    let bearer = format!("Bearer {key}");
    let other = format!("qy_{}", "0".repeat(64));
    for (headers, status) in [
        (vec![("x-api-key", ""), ("authorization", &*bearer)], StatusCode::OK),
        (vec![("x-api-key", key), ("authorization", &bearer)], StatusCode::OK),
        (vec![("x-api-key", "")], StatusCode::UNAUTHORIZED),
        (
            vec![("x-api-key", &*other), ("authorization", &bearer)],
            StatusCode::UNAUTHORIZED,
        ),
        (
            vec![("x-api-key", key), ("x-api-key", &other)],
            StatusCode::UNAUTHORIZED,
        ),
    ] {
        let answer = platform.send("GET", BALANCE, &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}");
        let names_two = answer.text.contains("two different API keys");
        assert_eq!(
            names_two,
            headers.iter().any(|(_, value)| *value == other),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn fields_are_named_as_the_caller_wrote_them() {
    let platform = Platform::start().await;
    for (body, paths) in [
        (
            json!({"requestId": "", "assetCode": "No"}),
            ["amount", "assetCode", "requestId"],
        ),
        (
            json!({"request_id": "", "asset_code": "No"}),
            ["amount", "asset_code", "request_id"],
        ),
        (
            json!({"request_id": "", "assetCode": "No"}),
            ["amount", "assetCode", "request_id"],
        ),
        (json!({"asset_code": "No"}), ["amount", "asset_code", "request_id"]),
        (json!({}), ["amount", "assetCode", "requestId"]),
    ] {
        let answer = platform.post(REDEEM, &body).await;
        let mut told = answer.violations();
        told.sort();
        assert_eq!(told, paths, "{body}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            paths.iter().all(|path| message.contains(&format!("{path}: must"))),
            "{message}"
        );
    }
}

#[tokio::test]
async fn doubled_fields_and_rounded_numbers_are_refused() {
    let platform = Platform::start().await;
    let with = |field: &str| format!(r#"{{"requestId": "order-1", "assetCode": "points", {field}}}"#);
    let answer = platform.post(REDEEM, with(r#""amount": 9007199254740993.0"#)).await;
    assert_eq!(answer.json()["entry"]["amount"], "-9007199254740993");
    for (field, path) in [
        (r#""amount": 5, "request_id": "order-2""#, "request_id"),
        (r#""amount": 5, "amount": 5"#, "amount"),
        (r#""amount": 9007199254740993.5"#, "amount"),
        (r#""amount": 1e19"#, "amount"),
    ] {
        let answer = platform.post(REDEEM, with(field)).await;
        assert_eq!(
            (answer.status, answer.violations()),
            (StatusCode::BAD_REQUEST, vec![path.to_owned()]),
            "{field}"
        );
    }
}
