//! What the transport itself refuses, byte by byte over HTTP/2: whatever leaves the gateway names its reason.

use bytes::Bytes;
use contracts_points::v1::RedeemPointsRequest;
use contracts_tagging::v1::StreamActivitiesRequest;
use futures::{StreamExt, stream};
use http::{HeaderMap, Request, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::platform::Platform;

const REDEEM: &str = "quanyu.points.v1.PointsService/RedeemPoints";
const STREAM: &str = "quanyu.tagging.v1.ActivityService/StreamActivities";
const IMPORT: &str = "quanyu.identity.v1.MemberService/ImportMembers";
const GRPC: (&str, &str) = ("content-type", "application/grpc");

/// A message as gRPC frames it.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

fn redeem(asset_code: &str) -> Vec<u8> {
    let request = RedeemPointsRequest {
        request_id: "order-1".to_owned(),
        member_id: "mbr_1".to_owned(),
        asset_code: asset_code.to_owned(),
        amount: 500,
        ..RedeemPointsRequest::default()
    };
    framed(&request.encode_to_vec())
}

fn activity(request_id: &str) -> Vec<u8> {
    let request = StreamActivitiesRequest {
        request_id: request_id.to_owned(),
        ..StreamActivitiesRequest::default()
    };
    framed(&request.encode_to_vec())
}

/// How a call ended, whether in the head or in the trailers, and how many bytes of answers came before.
struct Ended {
    head: HeaderMap,
    status: Status,
    bytes: usize,
}

impl Ended {
    fn told(&self) -> (Code, String) {
        let info = self.status.get_details_error_info();
        let info = info.unwrap_or_else(|| panic!("no reason: {:?}", self.status));
        assert_eq!(info.domain, "quanyu");
        (self.status.code(), info.reason)
    }
}

impl Platform {
    /// Sends pieces of a body as they are. One that stays open ends when the call does.
    async fn send_bytes(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        pieces: Vec<Vec<u8>>,
        stays_open: bool,
    ) -> Ended {
        let mut request = Request::post(format!("http://{}/{method}", self.address))
            .version(Version::HTTP_2)
            .header("te", "trailers")
            .header("x-api-key", self.first.secret.reveal());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let frames = stream::iter(pieces).map(|piece| Ok::<_, Status>(Frame::data(Bytes::from(piece))));
        let rest = stream::pending().take(usize::from(stays_open));
        let request = request.body(StreamBody::new(Box::pin(frames.chain(rest)))).unwrap();
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let (head, body) = client.request(request).await.unwrap().into_parts();
        assert_eq!(head.headers["content-type"], "application/grpc");
        let body = body.collect().await.unwrap();
        let status = [Some(&head.headers), body.trailers()]
            .into_iter()
            .flatten()
            .find_map(Status::from_header_map);
        Ended {
            status: status.expect("a status"),
            head: head.headers,
            bytes: body.to_bytes().len(),
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_callers_fault() {
    let platform = Platform::start().await;
    let five_megabytes = [&[0][..], &(5_u32 * 1024 * 1024).to_be_bytes()].concat();
    for (what, body) in [
        // Field 1 is a text, or a message, and comes as a number.
        ("no such message", framed(&[0x08, 0x01])),
        ("an unfinished number", framed(&[0x50, 0xff])),
        ("no UTF-8", framed(&[0x0a, 0x01, 0xff])),
        ("an unfinished frame", vec![0, 0, 0, 0, 10, 1, 2, 3]),
        ("an unfinished head", vec![0, 0, 0]),
        ("an unknown flag", vec![7, 0, 0, 0, 0]),
        ("compressed by nothing", vec![1, 0, 0, 0, 0]),
        ("a large message", five_megabytes),
        ("no message", Vec::new()),
    ] {
        for method in [REDEEM, STREAM, IMPORT] {
            let ends_a_stream = body.is_empty() && method != REDEEM;
            if ends_a_stream {
                continue;
            }
            let ended = platform.send_bytes(method, &[GRPC], vec![body.clone()], false).await;
            assert_eq!(
                ended.told(),
                (Code::InvalidArgument, "INVALID_FIELD".to_owned()),
                "{what}, {method}: {}",
                ended.status.message()
            );
            assert!(!ended.status.message().is_empty(), "{what}");
        }
    }
    let large = platform
        .send_bytes(REDEEM, &[GRPC], vec![vec![0, 0, 0x50, 0, 0]], false)
        .await;
    assert!(large.status.message().contains("4194304"), "{}", large.status.message());
}

#[tokio::test]
async fn what_came_before_broken_bytes_in_a_stream_is_answered() {
    let platform = Platform::start().await;
    let pieces = vec![activity("a"), activity("b"), vec![9, 9, 9, 9, 9], activity("c")];
    let ended = platform.send_bytes(STREAM, &[GRPC], pieces, false).await;
    assert_eq!(ended.told(), (Code::InvalidArgument, "INVALID_FIELD".to_owned()));
    assert_eq!(ended.bytes, 2 * activity("a").len());
}

#[tokio::test]
async fn what_is_not_served_is_told_by_its_name() {
    let platform = Platform::start().await;
    for method in [
        "quanyu.points.v1.PointsService/Nothing",
        "quanyu.nothing.v1.Service/Nothing",
        "nothing",
        "quanyu.events.internal.v1.FeedService/ReadFacts",
        "grpc.health.v1.Health/Nothing",
        "grpc.reflection.v1.Nothing/Nothing",
    ] {
        let ended = platform
            .send_bytes(method, &[GRPC], vec![redeem("points")], false)
            .await;
        assert_eq!(
            ended.told(),
            (Code::Unimplemented, "METHOD_UNKNOWN".to_owned()),
            "{method}"
        );
    }
    for encoding in ["gzip", "zstd", "quick"] {
        let headers = [GRPC, ("grpc-encoding", encoding)];
        let ended = platform
            .send_bytes(REDEEM, &headers, vec![redeem("points")], false)
            .await;
        assert_eq!(
            ended.told(),
            (Code::Unimplemented, "ENCODING_UNSUPPORTED".to_owned()),
            "{encoding}"
        );
        assert_eq!(ended.head["grpc-accept-encoding"], "identity", "{encoding}");
    }
    let headers = [GRPC, ("grpc-encoding", "identity")];
    let ended = platform
        .send_bytes(REDEEM, &headers, vec![redeem("points")], false)
        .await;
    assert_eq!(ended.status.code(), Code::Ok);
}

#[tokio::test]
async fn messages_in_another_form_than_protobuf_are_refused() {
    let platform = Platform::start().await;
    for content_type in ["application/grpc+json", "application/grpc+thrift;charset=utf-8"] {
        let headers = [("content-type", content_type)];
        let ended = platform
            .send_bytes(REDEEM, &headers, vec![redeem("points")], false)
            .await;
        assert_eq!(
            ended.told(),
            (Code::InvalidArgument, "INVALID_FIELD".to_owned()),
            "{content_type}"
        );
    }
    for content_type in [
        "application/grpc+proto",
        "application/grpc;x=y",
        "application/grpc+proto;x=y",
    ] {
        let headers = [("content-type", content_type)];
        let ended = platform
            .send_bytes(REDEEM, &headers, vec![redeem("points")], false)
            .await;
        assert_eq!(ended.status.code(), Code::Ok, "{content_type}");
    }
    // What is no gRPC at all is answered as REST is.
    for content_type in [
        "application/xml",
        "application/connect+thrift",
        "application/grpc-web+json",
        "",
    ] {
        let key = ("x-api-key", platform.first.secret.reveal());
        let headers = [key, ("content-type", content_type)];
        let answer = platform.send("POST", &format!("/{REDEEM}"), &headers, json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (415, "INVALID_FIELD"),
            "{content_type}"
        );
    }
    let key = ("x-api-key", platform.first.secret.reveal());
    let answer = platform.send("POST", &format!("/{REDEEM}"), &[key, GRPC], "").await;
    let status = Status::from_header_map(&answer.headers).unwrap();
    assert_eq!(status.get_details_error_info().unwrap().reason, "INVALID_FIELD");
    assert!(status.message().contains("HTTP/2"), "{status}");
}

#[tokio::test]
async fn a_deadline_holds_in_every_spelling() {
    let platform = Platform::start().await;
    let exceeded = (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned());
    for (name, value) in [
        ("grpc-timeout", "33.3333m"),
        ("grpc-timeout", "100000000n"),
        ("grpc-timeout", "000000050m"),
        ("connect-timeout-ms", "50"),
        ("connect-timeout-ms", "0"),
    ] {
        let headers = [GRPC, (name, value)];
        let ended = platform.send_bytes(REDEEM, &headers, vec![redeem("slow")], false).await;
        assert_eq!(ended.told(), exceeded, "{name}: {value}");
        // A stream that has begun ends, too, though its caller goes on.
        let ended = platform.send_bytes(STREAM, &headers, vec![activity("a")], true).await;
        assert_eq!(ended.told(), exceeded, "{name}: {value}");
    }
    for (name, value) in [
        ("grpc-timeout", "833.33m"),
        ("grpc-timeout", "1000000000n"),
        ("grpc-timeout", "8640000000m"),
        ("connect-timeout-ms", "9999999999"),
    ] {
        let headers = [GRPC, (name, value)];
        let ended = platform
            .send_bytes(REDEEM, &headers, vec![redeem("points")], false)
            .await;
        assert_eq!(ended.status.code(), Code::Ok, "{name}: {value}");
    }
    let headers = [GRPC, ("grpc-timeout", "30S"), ("connect-timeout-ms", "50")];
    let ended = platform.send_bytes(REDEEM, &headers, vec![redeem("slow")], false).await;
    assert_eq!(ended.told(), exceeded, "the shorter one holds");
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_never_answered_over_grpc() {
    let platform = Platform::start().await;
    for method in [REDEEM, STREAM, "grpc.health.v1.Health/Check"] {
        for (name, value) in [
            ("grpc-timeout", "0S"),
            ("grpc-timeout", "0n"),
            ("grpc-timeout", "1n"),
            ("connect-timeout-ms", "0"),
        ] {
            let headers = [GRPC, (name, value)];
            let ended = platform
                .send_bytes(method, &headers, vec![redeem("points")], false)
                .await;
            assert_eq!(
                ended.told(),
                (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()),
                "{method} {name}: {value}"
            );
        }
    }
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_is_named() {
    let platform = Platform::start().await;
    for method in [REDEEM, STREAM, "grpc.health.v1.Health/Check"] {
        for (name, value) in [
            ("grpc-timeout", "5"),
            ("grpc-timeout", "-5m"),
            ("connect-timeout-ms", "5m"),
            ("connect-timeout-ms", "-5"),
            ("connect-timeout-ms", "10000000000"),
        ] {
            let headers = [GRPC, (name, value)];
            let ended = platform
                .send_bytes(method, &headers, vec![redeem("points")], false)
                .await;
            assert_eq!(ended.told(), (Code::InvalidArgument, "INVALID_FIELD".to_owned()));
            let wrong = ended.status.get_details_bad_request().unwrap();
            assert_eq!(wrong.field_violations[0].field, name, "{method} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn health_and_reflection_name_their_reasons() {
    let platform = Platform::start().await;
    let unknown = framed(&[&[0x0a, 7][..], b"nothing"].concat());
    let ended = platform
        .send_bytes("grpc.health.v1.Health/Check", &[GRPC], vec![unknown], false)
        .await;
    assert_eq!(ended.told(), (Code::NotFound, "NOT_FOUND".to_owned()));
    for version in ["v1", "v1alpha"] {
        let method = format!("grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let symbol = framed(&[&[0x22, 7][..], b"nothing"].concat());
        let ended = platform.send_bytes(&method, &[GRPC], vec![symbol], false).await;
        assert_eq!(ended.told(), (Code::NotFound, "NOT_FOUND".to_owned()));
    }
}
