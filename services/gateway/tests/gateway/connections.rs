//! What one connection may cost.

use std::time::Duration;

use gateway::{ConnectionLimits, GatewayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::platform::Platform;

async fn platform(limits: ConnectionLimits) -> Platform {
    let config = GatewayConfig {
        connections: limits,
        ..GatewayConfig::default()
    };
    Platform::start_with(config).await
}

/// Sends a request of HTTP/1.1 whose connection is kept, and reads the beginning of the answer.
async fn ask(stream: &mut TcpStream, path: &str, header: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// How long it takes until the gateway closes a connection.
async fn closed(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = [0; 64];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {} };
    timeout(Duration::from_secs(20), reading)
        .await
        .expect("it is never closed");
    begun.elapsed()
}

#[tokio::test]
async fn a_connection_that_has_become_too_old_is_closed_and_one_without_an_age_is_not() {
    let aged = ConnectionLimits {
        age_max: Some(Duration::from_millis(500)),
        ..ConnectionLimits::default()
    };
    let platform = self::platform(aged).await;
    let mut stream = TcpStream::connect(platform.address).await.unwrap();
    assert!(ask(&mut stream, "/healthz", "").await.starts_with("HTTP/1.1 200"));
    closed(&mut stream).await;
    let ageless = self::platform(ConnectionLimits::default()).await;
    let mut stream = TcpStream::connect(ageless.address).await.unwrap();
    assert!(ask(&mut stream, "/healthz", "").await.starts_with("HTTP/1.1 200"));
    let mut rest = [0; 64];
    assert!(
        timeout(Duration::from_secs(2), stream.read(&mut rest)).await.is_err(),
        "it is open"
    );
}

#[tokio::test]
async fn what_is_under_way_has_its_grace_and_is_cut_off_then() {
    let limits = |grace: u64| ConnectionLimits {
        age_max: Some(Duration::from_millis(100)),
        age_grace: Duration::from_millis(grace),
        ..ConnectionLimits::default()
    };
    let body = r#"{"requestId": "r", "memberId": "mbr_1", "assetCode": "slow", "amount": "5"}"#;
    let slow = |platform: &Platform, deadline: &str| {
        let key = platform.first.secret.reveal();
        format!(
            "POST /v1/members/mbr_1/points:redeem HTTP/1.1\r\nhost: gateway\r\nx-api-key: {key}\r\ngrpc-timeout: {deadline}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // The call ends by its own deadline, within the grace.
    let platform = self::platform(limits(15_000)).await;
    let mut stream = TcpStream::connect(platform.address).await.unwrap();
    stream.write_all(slow(&platform, "1S").as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(Duration::from_secs(15), stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    // It would not end for a long time.
    let platform = self::platform(limits(300)).await;
    let mut stream = TcpStream::connect(platform.address).await.unwrap();
    stream.write_all(slow(&platform, "60S").as_bytes()).await.unwrap();
    let took = closed(&mut stream).await;
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test]
async fn headers_have_the_size_that_the_settings_say() {
    let padding = format!("x-padding: {}\r\n", "x".repeat(20_000));
    for (most, answer) in [(16 * 1024, "HTTP/1.1 431"), (64 * 1024, "HTTP/1.1 200")] {
        let limits = ConnectionLimits {
            header_bytes_max: most,
            ..ConnectionLimits::default()
        };
        let platform = self::platform(limits).await;
        let mut stream = TcpStream::connect(platform.address).await.unwrap();
        let told = ask(&mut stream, "/healthz", &padding).await;
        assert!(told.starts_with(answer), "{most}: {told}");
    }
}

#[tokio::test]
async fn connections_beyond_the_most_wait_for_their_turn() {
    let limits = ConnectionLimits {
        open_max: 1,
        ..ConnectionLimits::default()
    };
    let platform = self::platform(limits).await;
    let mut first = TcpStream::connect(platform.address).await.unwrap();
    assert!(ask(&mut first, "/healthz", "").await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(platform.address).await.unwrap();
    assert!(
        timeout(Duration::from_secs(1), ask(&mut second, "/healthz", ""))
            .await
            .is_err()
    );
    drop(first);
    let mut rest = vec![0; 4_096];
    let length = timeout(Duration::from_secs(20), second.read(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(rest[..length].starts_with(b"HTTP/1.1 200"));
}
