use bytes::Bytes;
use contracts::events::internal::v1::ReadFactsRequest;
use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts_gateway::v1::CreateApiKeyRequest;
use contracts_points::v1::RedeemPointsRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_tagging::v1::StreamActivitiesRequest;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::platform::Platform;

impl Platform {
    /// A request with the platform's first key.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let key = format!("Bearer {}", self.first.secret.reveal());
        request.metadata_mut().insert("authorization", key.parse().unwrap());
        request
    }
}

fn redeem(asset_code: &str) -> RedeemPointsRequest {
    RedeemPointsRequest {
        request_id: "order-1".to_owned(),
        member_id: "mbr_1".to_owned(),
        asset_code: asset_code.to_owned(),
        amount: 500,
        reference: String::new(),
        cost_centre: String::new(),
    }
}

#[tokio::test]
async fn a_call_is_passed_on_with_who_calls_in_place_of_the_key() {
    let platform = Platform::start().await;
    let mut points = PointsServiceClient::new(platform.connect().await);
    let answer = points
        .redeem_points(platform.request(redeem("points")))
        .await
        .unwrap()
        .into_inner();
    let entry = answer.entry.unwrap();
    assert_eq!(entry.amount, -500);
    assert!(
        entry
            .counterpart_member_id
            .starts_with(&format!("{} key_", platform.first.tenant))
    );
}

#[tokio::test]
async fn a_refusal_keeps_its_details() {
    let platform = Platform::start().await;
    let mut points = PointsServiceClient::new(platform.connect().await);
    let status = points
        .redeem_points(platform.request(redeem("empty")))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.get_details_error_info().unwrap().reason, "INSUFFICIENT_POINTS");
    let status = points
        .redeem_points(platform.request(redeem("No Code")))
        .await
        .unwrap_err();
    assert_eq!(
        status.get_details_bad_request().unwrap().field_violations[0].field,
        "asset_code"
    );
}

#[tokio::test]
async fn no_key_and_internal_methods_are_refused() {
    let platform = Platform::start().await;
    let channel = platform.connect().await;
    let status = PointsServiceClient::new(channel.clone())
        .redeem_points(redeem("points"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.get_details_error_info().unwrap().reason, "UNAUTHENTICATED");
    let read = ReadFactsRequest {
        stream: "points".to_owned(),
        after_position: 0,
        facts_max: 1,
        wait_ms: 0,
        types: Vec::new(),
    };
    let status = FeedServiceClient::new(channel)
        .read_facts(platform.request(read))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.get_details_error_info().unwrap().reason, "METHOD_UNKNOWN");
}

/// A call whose frames are seen, which a generated client hides.
async fn by_hand(platform: &Platform, method: &str, message: &impl Message, timeout: &str) -> http::Response<Incoming> {
    let message = message.encode_to_vec();
    let frame = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
    let request = http::Request::post(format!("http://{}/{method}", platform.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-api-key", platform.first.secret.reveal())
        .header("grpc-timeout", timeout)
        .body(Full::new(Bytes::from(frame)))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    client.request(request).await.unwrap()
}

#[tokio::test]
async fn a_deadline_is_passed_on_and_holds() {
    let platform = Platform::start().await;
    // A generated client gives up by itself before it hears the server.
    let method = "quanyu.points.v1.PointsService/RedeemPoints";
    let response = by_hand(&platform, method, &redeem("slow"), "50m").await;
    assert_eq!(response.headers()["grpc-status"], "4");
}

#[tokio::test]
async fn a_refusal_ends_with_its_head_whatever_the_gateway_has_read_of_it() {
    let platform = Platform::start().await;
    // An empty frame behind it is a broken stream to the clients of Python and Go.
    let refused = by_hand(
        &platform,
        "quanyu.points.v1.PointsService/RedeemPoints",
        &redeem("empty"),
        "5S",
    )
    .await;
    assert_eq!(refused.headers()["grpc-status"], "9");
    assert!(refused.body().is_end_stream());
    // Of an administrative call the gateway reads the answer for its audit log.
    let unnamed = CreateApiKeyRequest::default();
    let refused = by_hand(
        &platform,
        "quanyu.gateway.v1.ApiKeyService/CreateApiKey",
        &unnamed,
        "5S",
    )
    .await;
    assert_eq!(refused.headers()["grpc-status"], "3");
    assert!(refused.body().is_end_stream());
}

#[tokio::test]
async fn a_stream_flows_both_ways_at_once() {
    let platform = Platform::start().await;
    let mut activities = ActivityServiceClient::new(platform.connect().await);
    let (send, requests) = mpsc::channel(1);
    let request = platform.request(ReceiverStream::new(requests));
    let mut answers = activities.stream_activities(request).await.unwrap().into_inner();
    for request_id in ["a", "b", "c"] {
        let request = StreamActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: request_id.to_owned(),
            activity: None,
        };
        send.send(request).await.unwrap();
        // The answer comes while the stream is still open.
        assert_eq!(answers.message().await.unwrap().unwrap().request_id, request_id);
    }
    drop(send);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_that_fails_ends_with_its_status() {
    let platform = Platform::start().await;
    let mut activities = ActivityServiceClient::new(platform.connect().await);
    let requests = ["a", "fail"].map(|id| StreamActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: id.to_owned(),
        activity: None,
    });
    let request = platform.request(tokio_stream::iter(requests));
    let mut answers = activities.stream_activities(request).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().request_id, "a");
    assert_eq!(answers.message().await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn health_asks_for_no_key() {
    let platform = Platform::start().await;
    let mut health = HealthClient::new(platform.connect().await);
    let answer = health
        .check(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.status, 1);
}

#[tokio::test]
async fn reflection_tells_the_public_services_in_both_versions() {
    let platform = Platform::start().await;
    let v1 = {
        use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
        let request = tonic_reflection::pb::v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut client = ServerReflectionClient::new(platform.connect().await);
        let mut answers = client
            .server_reflection_info(tokio_stream::iter([request]))
            .await
            .unwrap()
            .into_inner();
        match answers.message().await.unwrap().unwrap().message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|s| s.name).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let v1alpha = {
        use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
        let request = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut client = ServerReflectionClient::new(platform.connect().await);
        let mut answers = client
            .server_reflection_info(tokio_stream::iter([request]))
            .await
            .unwrap()
            .into_inner();
        match answers.message().await.unwrap().unwrap().message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|s| s.name).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    for services in [v1, v1alpha] {
        for service in [
            "quanyu.points.v1.PointsService",
            "quanyu.gateway.v1.ApiKeyService",
            "grpc.health.v1.Health",
        ] {
            assert!(services.contains(&service.to_owned()), "{service} in {services:?}");
        }
        assert!(
            !services.iter().any(|service| service.contains("internal")),
            "{services:?}"
        );
    }
}

#[tokio::test]
async fn health_is_told_of_the_whole_and_of_each_service_by_its_name() {
    let platform = Platform::start().await;
    let mut client = HealthClient::new(platform.connect().await);
    let named = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    for service in ["", "quanyu.points.v1.PointsService"] {
        let checked = client.check(named(service)).await.unwrap().into_inner();
        assert_eq!(checked.status(), ServingStatus::Serving, "{service}");
        let mut watched = client.watch(named(service)).await.unwrap().into_inner();
        let first = watched.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = client.check(named("quanyu.events.internal.v1.FeedService")).await;
    assert_eq!(
        unknown.unwrap_err().code(),
        Code::NotFound,
        "what is not served to callers"
    );
}

#[tokio::test]
async fn what_is_under_way_ends_before_the_gateway_does() {
    let mut platform = Platform::start().await;
    let mut activities = ActivityServiceClient::new(platform.connect().await);
    let (send, requests) = mpsc::channel(1);
    let request = platform.request(ReceiverStream::new(requests));
    let mut answers = activities.stream_activities(request).await.unwrap().into_inner();
    let address = platform.address;
    let finish = async {
        // It takes no new connection any more, and the call is still under way.
        while tokio::net::TcpStream::connect(address).await.is_ok() {}
        send.send(StreamActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: "late".to_owned(),
            activity: None,
        })
        .await
        .unwrap();
        drop(send);
        let late = answers.message().await.unwrap().unwrap();
        assert!(answers.message().await.unwrap().is_none());
        late.request_id
    };
    let (late, ()) = tokio::join!(finish, platform.stop());
    assert_eq!(late, "late");
}
