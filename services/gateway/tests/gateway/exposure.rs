//! Reflection and the document, for everybody, behind a key, or for nobody.

use gateway::{Exposure, GatewayConfig};
use http::StatusCode;
use tonic::{Code, Request};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

use crate::platform::Platform;

async fn platform(exposure: Exposure) -> Platform {
    let config = GatewayConfig {
        reflection: exposure,
        documents: exposure,
        ..GatewayConfig::default()
    };
    Platform::start_with(config).await
}

/// How the document and reflection answer to a caller with a key, or without one.
async fn seen(platform: &Platform, key: Option<&str>) -> (StatusCode, Code) {
    let headers: Vec<(&str, &str)> = key.map(|key| ("x-api-key", key)).into_iter().collect();
    let document = platform.send("GET", "/openapi.json", &headers, "").await.status;
    let mut request = Request::new(tokio_stream::once(ServerReflectionRequest::default()));
    if let Some(key) = key {
        request.metadata_mut().insert("x-api-key", key.parse().unwrap());
    }
    let mut reflection = ServerReflectionClient::new(platform.connect().await);
    let reflected = match reflection.server_reflection_info(request).await {
        Ok(mut answers) => answers.get_mut().message().await.map(drop),
        Err(status) => Err(status),
    };
    (document, reflected.map_or_else(|status| status.code(), |()| Code::Ok))
}

#[tokio::test]
async fn reflection_and_the_document_are_seen_by_whom_the_settings_say() {
    let unknown = format!("qy_{}", "0".repeat(64));
    // An empty question is answered as one that is wrong, which proves that it arrived.
    let arrived = (StatusCode::OK, Code::InvalidArgument);
    let refused = (StatusCode::UNAUTHORIZED, Code::Unauthenticated);
    let absent = (StatusCode::NOT_FOUND, Code::Unimplemented);
    for (exposure, anonymous, with_unknown, with_key) in [
        (Exposure::On, arrived, arrived, arrived),
        (Exposure::Key, refused, refused, arrived),
        (Exposure::Off, absent, absent, absent),
    ] {
        let platform = platform(exposure).await;
        assert_eq!(seen(&platform, None).await, anonymous, "{exposure:?}");
        assert_eq!(seen(&platform, Some(&unknown)).await, with_unknown, "{exposure:?}");
        assert_eq!(
            seen(&platform, Some(platform.first.secret.reveal())).await,
            with_key,
            "{exposure:?}"
        );
        // Health is for orchestrators, who have no key.
        assert_eq!(platform.send("GET", "/healthz", &[], "").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_refusal_points_to_the_document_only_where_it_is() {
    for (exposure, points_there) in [(Exposure::On, true), (Exposure::Key, true), (Exposure::Off, false)] {
        let platform = platform(exposure).await;
        for (method, path) in [
            ("GET", "/v1/nothing"),
            ("POST", "/quanyu.points.v1.PointsService/GetBalance"),
        ] {
            let answer = platform.send(method, path, &[], "").await;
            let told = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(answer.status.is_client_error(), "{told}");
            assert_eq!(told.contains("/openapi.json"), points_there, "{exposure:?}: {told}");
        }
    }
    let hidden = platform(Exposure::Off)
        .await
        .send("GET", "/openapi.json", &[], "")
        .await;
    assert_eq!(
        hidden.text.matches("/openapi.json").count(),
        2,
        "as what was asked for alone: {}",
        hidden.text
    );
}
