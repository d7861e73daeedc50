//! How a body may come, and what becomes of one that is refused.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use gateway::GatewayConfig;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::platform::{Answer, Platform};

const REDEEM: &str = "/v1/members/mbr_1/points:redeem";
const REQUEST: &str = r#"{"requestId": "order-1", "assetCode": "points", "amount": "500"}"#;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Sends bytes to an address, with the platform's key.
async fn send(platform: &Platform, path: &str, headers: &[(&str, &str)], body: Vec<u8>, is_http2: bool) -> Answer {
    let mut request = Request::post(format!("http://{}{path}", platform.address));
    request = request.header("x-api-key", platform.first.secret.reveal());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}

const GZIP: (&str, &str) = ("content-encoding", "gzip");

#[tokio::test]
async fn a_compressed_body_is_read() {
    let platform = Platform::start().await;
    for encoding in ["gzip", "x-gzip", "GZIP", "identity, gzip"] {
        let header = [("content-encoding", encoding)];
        let answer = send(&platform, REDEEM, &header, gzip(REQUEST.as_bytes()), false).await;
        assert_eq!(answer.status, StatusCode::OK, "{encoding}: {answer:?}");
        assert_eq!(answer.json()["entry"]["amount"], "-500");
    }
    // Members of a gzip that follow each other are one body (RFC 1952, 2.2).
    let (start, end) = REQUEST.split_at(20);
    let two = [gzip(start.as_bytes()), gzip(end.as_bytes())].concat();
    assert_eq!(
        send(&platform, REDEEM, &[GZIP], two, false).await.status,
        StatusCode::OK
    );
    // A body in lines, too.
    let lines = "{\"rows\": [{}, {}]}\n".repeat(5_000);
    let answer = send(&platform, "/v1/members:import", &[GZIP], gzip(lines.as_bytes()), true).await;
    assert_eq!(answer.json()["rowCount"], "10000");
}

#[tokio::test]
async fn an_encoding_that_is_not_read_is_refused_with_what_is() {
    let platform = Platform::start().await;
    for header in [
        ("content-encoding", "br"),
        ("content-encoding", "gzip, gzip"),
        ("content-encoding", "zstd"),
        ("content-type", "application/json; charset=gbk"),
        ("content-type", "application/json; x=y; Charset=\"UTF-16\""),
    ] {
        let answer = send(&platform, REDEEM, &[header], REQUEST.into(), false).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{header:?}");
        assert_eq!(answer.headers["accept-encoding"], "gzip, identity");
        assert_eq!(answer.reason(), "INVALID_FIELD");
    }
    for content_type in ["application/json;charset=utf-8", "application/json; charset=\"UTF-8\""] {
        let answer = send(
            &platform,
            REDEEM,
            &[("content-type", content_type)],
            REQUEST.into(),
            false,
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type}");
    }
}

#[tokio::test]
async fn what_is_no_gzip_is_the_caller_s_fault() {
    let platform = Platform::start().await;
    let whole = gzip(REQUEST.as_bytes());
    let truncated = whole[..whole.len() - 4].to_vec();
    let mut damaged = whole.clone();
    damaged[20] ^= 0xff;
    let trailing = [whole, b"more".to_vec()].concat();
    for body in [REQUEST.into(), truncated, damaged, trailing] {
        let answer = send(&platform, REDEEM, &[GZIP], body, false).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::BAD_REQUEST, "INVALID_FIELD"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_bomb_does_not_go_off() {
    let platform = Platform::start().await;
    // A gibibyte of blanks in a mebibyte.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let blanks = vec![b' '; 1024 * 1024];
    for _ in 0..64 {
        encoder.write_all(&blanks).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let answer = send(&platform, REDEEM, &[GZIP], bomb.clone(), false).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Where there is no end of a body's length, there is one of its ratio.
    let lines = "\n".repeat(64 * 1024 * 1024);
    let answer = send(&platform, "/v1/members:import", &[GZIP], gzip(lines.as_bytes()), false).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("200th"), "{}", answer.text);
}

#[tokio::test]
async fn a_refusal_arrives_though_the_body_is_long() {
    let config = GatewayConfig {
        body_bytes_max: 10_000,
        ..GatewayConfig::default()
    };
    let platform = Platform::start_with(config).await;
    let long = vec![b' '; 8 * 1024 * 1024];
    for is_http2 in [false, true] {
        let answer = send(&platform, REDEEM, &[], long.clone(), is_http2).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::PAYLOAD_TOO_LARGE, "INVALID_FIELD")
        );
        for (path, header, status) in [
            ("/v1/nothing", ("x-a", "b"), StatusCode::NOT_FOUND),
            ("/v1/members/mbr_1", ("x-a", "b"), StatusCode::METHOD_NOT_ALLOWED),
            (REDEEM, ("x-api-key", "qy_wrong"), StatusCode::UNAUTHORIZED),
            (REDEEM, ("content-encoding", "br"), StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let answer = send(&platform, path, &[header], long.clone(), is_http2).await;
            assert_eq!(answer.status, status, "{path} {header:?}");
        }
    }
}

/// A client that writes all of its body before it reads, as most do, in chunks of no announced length.
#[tokio::test]
async fn a_refusal_arrives_at_a_client_that_writes_everything_first() {
    let config = GatewayConfig {
        body_bytes_max: 10_000,
        ..GatewayConfig::default()
    };
    let platform = Platform::start_with(config).await;
    let mut connection = TcpStream::connect(platform.address).await.unwrap();
    let key = platform.first.secret.reveal();
    let head =
        format!("POST {REDEEM} HTTP/1.1\r\nhost: quanyu\r\nx-api-key: {key}\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    for _ in 0..100 {
        connection.write_all(&chunk).await.unwrap();
    }
    connection.write_all(b"0\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_asks_before_sending_is_told_at_once() {
    let platform = Platform::start().await;
    let mut connection = TcpStream::connect(platform.address).await.unwrap();
    let key = platform.first.secret.reveal();
    let length = 1024 * 1024 * 1024;
    let head = format!(
        "POST {REDEEM} HTTP/1.1\r\nhost: quanyu\r\nx-api-key: {key}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[tokio::test]
async fn headers_are_limited_to_sixteen_kilobytes() {
    let platform = Platform::start().await;
    let with = async |bytes: usize| {
        let mut connection = TcpStream::connect(platform.address).await.unwrap();
        let head = format!(
            "GET /healthz HTTP/1.1\r\nhost: quanyu\r\nx-long: {}\r\n\r\n",
            "a".repeat(bytes)
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        connection.read_exact(&mut start).await.unwrap();
        String::from_utf8(start.to_vec()).unwrap()
    };
    assert_eq!(with(15_000).await, "HTTP/1.1 200");
    assert_eq!(with(17_000).await, "HTTP/1.1 431");
    let long = "a".repeat(17_000);
    let headers: HeaderMap = [("x-long".parse().unwrap(), long.parse().unwrap())]
        .into_iter()
        .collect();
    let mut request = Request::get(format!("http://{}/healthz", platform.address))
        .body(Full::<Bytes>::default())
        .unwrap();
    *request.headers_mut() = headers;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    // The client knows the server's limit, or the server refuses; either way nothing is served.
    match client.request(request).await {
        Ok(response) => assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Err(error) => assert!(format!("{error:?}").to_lowercase().contains("header"), "{error:?}"),
    }
}

#[tokio::test]
async fn a_path_and_a_body_that_contradict_each_other_are_refused() {
    let platform = Platform::start().await;
    let body = |member_id: &str| json!({"requestId": "a", "memberId": member_id, "assetCode": "points", "amount": 5});
    assert_eq!(platform.post(REDEEM, body("mbr_1")).await.status, StatusCode::OK);
    assert_eq!(platform.post(REDEEM, body("")).await.status, StatusCode::OK);
    let answer = platform.post(REDEEM, body("mbr_2")).await;
    assert_eq!(
        (answer.status, answer.violations()),
        (StatusCode::BAD_REQUEST, vec!["memberId".to_owned()])
    );
    assert!(
        answer.text.contains("mbr_1") && answer.text.contains("mbr_2"),
        "{}",
        answer.text
    );
    let answer = platform.get("/v1/members/mbr_1/balances/points?memberId=mbr_2").await;
    assert_eq!(
        (answer.status, answer.violations()),
        (StatusCode::BAD_REQUEST, vec!["memberId".to_owned()])
    );
    let answer = platform
        .get("/v1/members/mbr_1/balances/points?expiringWithinDays=1&expiring_within_days=2")
        .await;
    assert_eq!(answer.violations(), ["expiring_within_days"]);
}
