//! By tonic's own client for it, over HTTP/1.1 as a browser speaks it.

use bytes::Bytes;
use contracts_points::v1::RedeemPointsRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use http::StatusCode;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use tonic_types::StatusExt;
use tonic_web::{GrpcWebCall, GrpcWebClientLayer};
use tower::Layer;

use crate::platform::Platform;

fn redeem(platform: &Platform, asset_code: &str) -> Request<RedeemPointsRequest> {
    let mut request = Request::new(RedeemPointsRequest {
        request_id: "r-1".to_owned(),
        member_id: "mbr_1".to_owned(),
        asset_code: asset_code.to_owned(),
        amount: 5,
        ..RedeemPointsRequest::default()
    });
    let key = MetadataValue::try_from(platform.first.secret.reveal()).unwrap();
    request.metadata_mut().insert("x-api-key", key);
    request
}

#[tokio::test]
async fn a_browser_gets_answers_and_refusals_with_their_details() {
    let platform = Platform::start().await;
    let http: Client<_, GrpcWebCall<tonic::body::Body>> = Client::builder(TokioExecutor::new()).build_http();
    let web = GrpcWebClientLayer::new().layer(http);
    let origin = format!("http://{}", platform.address).parse().unwrap();
    let mut points = PointsServiceClient::with_origin(web, origin);
    let answer = points.redeem_points(redeem(&platform, "points")).await.unwrap();
    assert_eq!(answer.into_inner().entry.unwrap().amount, -5);

    let refused = points.redeem_points(redeem(&platform, "empty")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "INSUFFICIENT_POINTS");
}

/// Old proxies spoil bytes that are no text: so the dialect has base64 too, whole or in pieces.
#[tokio::test]
async fn it_may_be_written_as_text() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use prost::Message;

    let platform = Platform::start().await;
    let message = redeem(&platform, "points").into_inner().encode_to_vec();
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let headers = [
        ("x-api-key", platform.first.secret.reveal()),
        ("content-type", "application/grpc-web-text"),
        ("accept", "application/grpc-web-text"),
    ];
    let path = "/quanyu.points.v1.PointsService/RedeemPoints";
    let text = Bytes::from(STANDARD.encode(body));
    let (head, body) = platform.send_raw("POST", path, &headers, text).await;
    assert_eq!(head.status, StatusCode::OK);
    let told = String::from_utf8_lossy(&body).into_owned();
    // Each part is written by itself, so padding may stand within the text.
    let bytes: Vec<u8> = told
        .as_bytes()
        .chunks(4)
        .flat_map(|part| STANDARD.decode(part).unwrap())
        .collect();
    assert!(String::from_utf8_lossy(&bytes).contains("grpc-status:0"), "{bytes:?}");
}
