//! Calls that are refused before their messages have come, frame by frame: the connection is theirs to keep.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::platform::Platform;

/// More than a server puts up with, by default: of small frames that nobody reads, and of frames after the end.
const CALLS: u32 = 1_500;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113, 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Headers as HPACK writes what it neither knows nor shall learn (RFC 7541, 6.2.2).
fn headers(all: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let line = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    all.iter().flat_map(line).collect()
}

/// The kind of the next frame, its stream and what it carries.
async fn next(connection: &mut TcpStream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    connection.read_exact(&mut head).await.expect("the connection is open");
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    connection.read_exact(&mut payload).await.unwrap();
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    (head[3], stream, payload)
}

#[tokio::test]
async fn a_connection_outlives_any_number_of_calls_that_are_refused_before_their_messages_come() {
    let platform = Platform::start().await;
    let mut connection = TcpStream::connect(platform.address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let settings = frame(SETTINGS, 0, 0, &[]);
    connection.write_all(&[PREFACE, &settings].concat()).await.unwrap();
    // Nobody says who calls.
    let call = headers(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "quanyu"),
        (":path", "/quanyu.points.v1.PointsService/RedeemPoints"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]);
    for stream in (0..CALLS).map(|call| 2 * call + 1) {
        connection
            .write_all(&frame(HEADERS, END_HEADERS, stream, &call))
            .await
            .unwrap();
        loop {
            match next(&mut connection).await {
                (HEADERS, answered, _) if answered == stream => break,
                (SETTINGS, _, changes) if !changes.is_empty() => {
                    connection.write_all(&frame(SETTINGS, ACK, 0, &[])).await.unwrap();
                }
                (GOAWAY, _, why) => panic!("call {stream}: {}", String::from_utf8_lossy(&why)),
                _ => {}
            }
        }
        let message = [frame(DATA, 0, stream, &[0; 10]), frame(DATA, END_STREAM, stream, &[])].concat();
        connection.write_all(&message).await.unwrap();
    }
}
