use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::{Buf, Bytes};
use contracts_points::v1::{GetBalanceRequest, GetBalanceResponse, RedeemPointsRequest, RedeemPointsResponse};
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::response::Parts;
use prost::Message;
use serde_json::{Value, json};
use tonic_types::pb;

use crate::platform::Platform;

const REDEEM: &str = "/quanyu.points.v1.PointsService/RedeemPoints";
const BALANCE: &str = "/quanyu.points.v1.PointsService/GetBalance";
const ACTIVITIES: &str = "/quanyu.tagging.v1.ActivityService/StreamActivities";
const IMPORT: &str = "/quanyu.identity.v1.MemberService/ImportMembers";

async fn post(platform: &Platform, path: &str, content_type: &str, body: impl Into<Bytes>) -> (Parts, Bytes) {
    let headers = [
        ("x-api-key", platform.first.secret.reveal()),
        ("content-type", content_type),
        ("connect-protocol-version", "1"),
    ];
    platform.send_raw("POST", path, &headers, body.into()).await
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

fn redeem(asset_code: &str) -> Value {
    json!({"requestId": "r-1", "memberId": "mbr_1", "assetCode": asset_code, "amount": "5"})
}

/// Messages in envelopes, as a stream has them.
fn enveloped(messages: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        body.push(0);
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message.as_bytes());
    }
    body
}

/// The messages of a stream, and how it says that it ended.
fn opened(mut body: Bytes) -> (Vec<Bytes>, Value) {
    let mut messages = Vec::new();
    loop {
        let (flags, length) = (body.get_u8(), body.get_u32());
        let message = body.split_to(usize::try_from(length).unwrap());
        if flags == 2 {
            assert!(body.is_empty(), "the end comes last");
            return (messages, parsed(&message));
        }
        assert_eq!(flags, 0);
        messages.push(message);
    }
}

#[tokio::test]
async fn one_message_is_called_as_json_and_as_protobuf() {
    let platform = Platform::start().await;
    let (head, body) = post(&platform, REDEEM, "application/json", redeem("points").to_string()).await;
    assert_eq!(
        (head.status, head.headers[CONTENT_TYPE].as_bytes()),
        (StatusCode::OK, &b"application/json"[..])
    );
    assert_eq!(parsed(&body)["entry"]["amount"], "-5");

    let request = RedeemPointsRequest {
        request_id: "r-2".to_owned(),
        member_id: "mbr_1".to_owned(),
        asset_code: "points".to_owned(),
        amount: 7,
        ..RedeemPointsRequest::default()
    };
    let (head, body) = post(&platform, REDEEM, "application/proto", request.encode_to_vec()).await;
    assert_eq!(
        (head.status, head.headers[CONTENT_TYPE].as_bytes()),
        (StatusCode::OK, &b"application/proto"[..])
    );
    let answer = RedeemPointsResponse::decode(body).unwrap();
    assert_eq!(answer.entry.unwrap().amount, -7);
}

/// An empty body is a message whose fields have their default values.
#[tokio::test]
async fn an_empty_message_is_a_message() {
    let platform = Platform::start().await;
    let (_, as_json) = post(&platform, REDEEM, "application/json", "{}").await;
    let (head, as_proto) = post(&platform, REDEEM, "application/proto", "").await;
    assert_eq!(head.status, StatusCode::BAD_REQUEST);
    // In JSON the fields are named as its callers would write them.
    let (as_json, as_proto) = (parsed(&as_json), parsed(&as_proto));
    assert_eq!(
        (&as_json["code"], &as_proto["code"]),
        (&json!("invalid_argument"), &json!("invalid_argument"))
    );
    assert!(as_json["message"].as_str().unwrap().contains("memberId"), "{as_json}");
    assert!(
        as_proto["message"].as_str().unwrap().contains("member_id"),
        "{as_proto}"
    );
}

#[tokio::test]
async fn an_error_has_its_code_by_name_and_its_details_in_bytes_and_to_be_read() {
    let platform = Platform::start().await;
    let (head, body) = post(&platform, REDEEM, "application/json", redeem("empty").to_string()).await;
    let error = parsed(&body);
    assert_eq!(
        (head.status, &error["code"]),
        (StatusCode::BAD_REQUEST, &json!("failed_precondition")),
        "{error}"
    );
    assert_eq!(error["message"], "redeem 500: 70 are available");
    let details = error["details"].as_array().unwrap();
    let detail = details
        .iter()
        .find(|detail| detail["type"] == "google.rpc.ErrorInfo")
        .unwrap();
    assert_eq!(detail["debug"]["reason"], "INSUFFICIENT_POINTS");
    let value = STANDARD_NO_PAD.decode(detail["value"].as_str().unwrap()).unwrap();
    assert_eq!(pb::ErrorInfo::decode(&*value).unwrap().metadata["available"], "70");

    let (head, body) = post(&platform, REDEEM, "application/proto", redeem("busy").to_string()).await;
    assert_eq!(
        (head.status, &parsed(&body)["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_argument"))
    );
    let (head, body) = post(&platform, REDEEM, "application/json", redeem("busy").to_string()).await;
    assert_eq!(head.status, StatusCode::TOO_MANY_REQUESTS, "{body:?}");
    assert_eq!(head.headers["retry-after"], "1");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_as_its_caller_spells_it() {
    let platform = Platform::start().await;
    let body = r#"{"memberId": 5, "asset_code": "points", "assetCode": "points", "amont": 1}"#;
    let (head, body) = post(&platform, REDEEM, "application/json", body).await;
    let error = parsed(&body);
    assert_eq!(head.status, StatusCode::BAD_REQUEST, "{error}");
    let details = error["details"].as_array().unwrap();
    let wrong = details
        .iter()
        .find(|detail| detail["type"] == "google.rpc.BadRequest")
        .unwrap();
    let violations = wrong["debug"]["fieldViolations"].as_array().unwrap();
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect();
    for field in ["memberId", "amont", "requestId"] {
        assert!(fields.contains(&field), "{field} of {fields:?}");
    }
}

/// Nothing is read for a caller who is nobody.
#[tokio::test]
async fn who_has_no_key_is_refused_before_the_body_is_read() {
    let platform = Platform::start().await;
    for (content_type, status) in [
        ("application/json", StatusCode::UNAUTHORIZED),
        ("application/proto", StatusCode::UNAUTHORIZED),
    ] {
        let headers = [("content-type", content_type)];
        let (head, body) = platform.send_raw("POST", REDEEM, &headers, "{broken".into()).await;
        assert_eq!(head.status, status, "{body:?}");
        assert_eq!(parsed(&body)["code"], "unauthenticated");
        assert!(head.headers.contains_key(WWW_AUTHENTICATE));
    }
    let headers = [("content-type", "application/connect+json")];
    let (head, body) = platform.send_raw("POST", ACTIVITIES, &headers, "broken".into()).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(opened(body).1["error"]["code"], "unauthenticated");
}

#[tokio::test]
async fn what_changes_nothing_may_be_asked_by_get() {
    let platform = Platform::start().await;
    let key = [("x-api-key", platform.first.secret.reveal())];
    let message = "%7B%22memberId%22%3A%22mbr_1%22%2C+%22assetCode%22%3A%22points%22%7D";
    let path = format!("{BALANCE}?connect=v1&encoding=json&message={message}");
    let answer = platform.send("GET", &path, &key, "").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["balance"]["memberId"], "mbr_1");

    let request = GetBalanceRequest {
        member_id: "mbr_1".to_owned(),
        asset_code: "points".to_owned(),
        ..GetBalanceRequest::default()
    };
    let message = URL_SAFE_NO_PAD.encode(request.encode_to_vec());
    for padding in ["", "%3D", "="] {
        let path = format!("{BALANCE}?connect=v1&encoding=proto&base64=1&message={message}{padding}");
        let (head, body) = platform.send_raw("GET", &path, &key, Bytes::new()).await;
        let padded = message.len() % 4 == 3 || padding.is_empty();
        assert_eq!(head.status == StatusCode::OK, padded, "{padding}: {body:?}");
        if padded {
            assert_eq!(
                GetBalanceResponse::decode(body).unwrap().balance.unwrap().member_id,
                "mbr_1"
            );
        }
    }
    let path = format!("{REDEEM}?connect=v1&encoding=json&message=%7B%7D");
    let answer = platform.send("GET", &path, &key, "").await;
    assert_eq!(
        (answer.status, answer.headers[ALLOW].as_bytes()),
        (StatusCode::METHOD_NOT_ALLOWED, &b"POST"[..])
    );
    for (wrong, status) in [
        ("connect=v1&encoding=xml&message=", StatusCode::BAD_REQUEST),
        ("connect=v1&encoding=json&base64=1&message=*", StatusCode::BAD_REQUEST),
        (
            "connect=v1&encoding=json&compression=br&message=%7B%7D",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        // No Connect at all.
        ("encoding=json&message=%7B%7D", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = platform.send("GET", &format!("{BALANCE}?{wrong}"), &key, "").await;
        assert_eq!(answer.status, status, "{wrong}: {answer:?}");
    }
}

#[tokio::test]
async fn a_stream_answers_each_message_and_says_how_it_ended() {
    let platform = Platform::start().await;
    let messages = [
        r#"{"requestId": "a"}"#,
        r#"{"requestId": "b", "colour": 1}"#,
        r#"{"requestId": "c"}"#,
    ];
    let (head, body) = post(&platform, ACTIVITIES, "application/connect+json", enveloped(&messages)).await;
    assert_eq!(
        (head.status, head.headers[CONTENT_TYPE].as_bytes()),
        (StatusCode::OK, &b"application/connect+json"[..])
    );
    let (answers, end) = opened(body);
    let answers: Vec<Value> = answers.iter().map(|answer| parsed(answer)).collect();
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["requestId"]).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(end, json!({}));
    let wrong = answers[1]["result"]["refusal"]["violations"][0]["message"]
        .as_str()
        .unwrap();
    assert!(wrong.starts_with("message 2: "), "{wrong}");

    let messages = [r#"{"requestId": "a"}"#, r#"{"requestId": "fail"}"#];
    let (_, body) = post(&platform, ACTIVITIES, "application/connect+json", enveloped(&messages)).await;
    let (answers, end) = opened(body);
    assert_eq!(
        (answers.len(), &end["error"]["code"]),
        (1, &json!("invalid_argument")),
        "{end}"
    );
    assert!(end["error"]["message"].as_str().unwrap().contains("requestId"), "{end}");
}

#[tokio::test]
async fn a_stream_of_protobuf_passes_as_it_is() {
    let platform = Platform::start().await;
    let rows = contracts_identity::v1::ImportMembersRequest {
        rows: vec![contracts_identity::v1::MemberRow::default(); 3],
        ..Default::default()
    };
    let rows = rows.encode_to_vec();
    let mut body = vec![0];
    body.extend(u32::try_from(rows.len()).unwrap().to_be_bytes());
    body.extend(&rows);
    let (head, body) = post(&platform, IMPORT, "application/connect+proto", body).await;
    assert_eq!(head.status, StatusCode::OK);
    let (answers, end) = opened(body);
    assert_eq!(end, json!({}));
    let answer = contracts_identity::v1::ImportMembersResponse::decode(answers[0].clone()).unwrap();
    assert_eq!(answer.row_count, 3);
}

/// Refused by its head or in its only envelope; and never passed on.
#[tokio::test]
async fn what_is_no_connect_is_told_so() {
    let platform = Platform::start().await;
    for (path, content_type) in [
        (ACTIVITIES, "application/json"),
        (REDEEM, "application/connect+json"),
        (REDEEM, "application/xml"),
    ] {
        let (head, body) = post(&platform, path, content_type, "{}").await;
        assert_eq!(
            head.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}: {body:?}"
        );
    }
    let key = ("x-api-key", platform.first.secret.reveal());
    let headers = [
        key,
        ("content-type", "application/json"),
        ("connect-protocol-version", "2"),
    ];
    let answer = platform.send("POST", REDEEM, &headers, redeem("points")).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_argument"))
    );

    let compressed = [
        key,
        ("content-type", "application/connect+json"),
        ("connect-content-encoding", "gzip"),
    ];
    let (_, body) = platform
        .send_raw("POST", ACTIVITIES, &compressed, enveloped(&["{}"]).into())
        .await;
    assert_eq!(opened(body).1["error"]["code"], "unimplemented");
    for broken in [
        &b"\x01\0\0\0\x02{}"[..],
        b"\0\0\0\0\x09{}",
        b"\0\0",
        b"\0\xff\xff\xff\xff{}",
    ] {
        let (_, body) = post(&platform, ACTIVITIES, "application/connect+json", broken).await;
        assert_eq!(opened(body).1["error"]["code"], "invalid_argument", "{broken:?}");
    }
}

#[tokio::test]
async fn the_time_of_a_call_ends_it() {
    let platform = Platform::start().await;
    let headers = [
        ("x-api-key", platform.first.secret.reveal()),
        ("content-type", "application/json"),
        ("connect-timeout-ms", "50"),
    ];
    let answer = platform.send("POST", REDEEM, &headers, redeem("slow")).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (StatusCode::GATEWAY_TIMEOUT, &json!("deadline_exceeded")),
        "{answer:?}"
    );
}
