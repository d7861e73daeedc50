//! Who may call what: every method of the contracts, over gRPC and REST, with every kind of wrong credential.

use std::time::Duration;

use contracts_gateway::v1::{ApiKey, CreateApiKeyRequest, RevokeApiKeyRequest};
use http::StatusCode;
use rpc::{Access, Method};
use serde_json::json;
use tests::{Api, Rest, until};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::contracts_promise::http_address;
use crate::host::Host;

/// Well formed, but nobody's.
const UNKNOWN_KEY: &str = "qy_0000000000000000000000000000000000000000000000000000000000000000";

/// Calls a method with an empty message, which most handlers would refuse: whatever is told before that is told by the
/// guards.
pub(crate) async fn call(
    api: &Api,
    method: &'static Method,
    header: Option<(&'static str, &str)>,
) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(api.anonymous());
    client.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some((name, value)) = header {
        request
            .metadata_mut()
            .insert(name, MetadataValue::try_from(value).unwrap());
    }
    let path = PathAndQuery::try_from(format!("/{}", method.full_name)).unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    match method.descriptor.is_server_streaming() {
        // It may last for ever: that it begins is enough.
        true => client.server_streaming(request, path, codec).await.map(drop),
        false => client.unary(request, path, codec).await.map(drop),
    }
}

/// The same over REST, where nobody sees the header that carries a signed principal.
async fn call_rest(rest: &Rest, method: &'static Method) -> (StatusCode, String) {
    let (verb, path) = http_address(&method.descriptor).unwrap();
    let path = filled(&path);
    let body = if verb == "get" {
        serde_json::Value::Null
    } else {
        json!({})
    };
    let answer = rest.send(&verb.to_uppercase(), &path, &body).await;
    (answer.status, answer.reason())
}

/// The path with every variable replaced by a word: `/v1/members/{member_id}/points:earn`.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('{') {
        match part.split_once('}') {
            Some((_, rest)) => filled.extend(["1", rest]),
            None => filled.push_str(part),
        }
    }
    filled
}

fn public_methods() -> Vec<&'static Method> {
    methods(|access| matches!(access, Access::Scopes(_)))
}

fn methods(wanted: impl Fn(&Access) -> bool) -> Vec<&'static Method> {
    contracts_all::CONTRACT
        .methods()
        .unwrap()
        .iter()
        .filter(|method| wanted(&method.access))
        .collect()
}

pub(crate) async fn create_key(api: &Api, scopes: &[&str]) -> (ApiKey, String) {
    let request = CreateApiKeyRequest {
        request_id: Api::request_id(),
        display_name: "matrix".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..CreateApiKeyRequest::default()
    };
    let answer = api.api_keys().create_api_key(request).await.unwrap().into_inner();
    (answer.api_key.unwrap(), answer.secret)
}

pub(crate) fn code_and_reason(outcome: &Result<(), Status>) -> (Code, String) {
    match outcome {
        Ok(()) => (Code::Ok, String::new()),
        Err(status) => (
            status.code(),
            status
                .get_details_error_info()
                .map(|info| info.reason)
                .unwrap_or_default(),
        ),
    }
}

#[tokio::test]
async fn without_a_valid_key_no_method_is_reached() {
    let host = Host::start().await;
    let wrong = [
        None,
        Some(("x-api-key", UNKNOWN_KEY)),
        Some(("x-api-key", "qy_short")),
        Some(("x-api-key", "")),
        Some(("authorization", "Bearer anything")),
        Some(("authorization", "Basic cXk6cXk=")),
        // Who calls is said by the gateway alone.
        Some(("x-quanyu-principal", "eyJhbGciOiJub25lIn0.e30.")),
    ];
    for method in public_methods() {
        for header in wrong {
            let outcome = call(&host.api, method, header).await;
            let expected = (Code::Unauthenticated, "UNAUTHENTICATED".to_owned());
            assert_eq!(
                code_and_reason(&outcome),
                expected,
                "{} with {header:?}",
                method.full_name
            );
        }
        for key in [None, Some(UNKNOWN_KEY), Some("qy_short")] {
            let answer = call_rest(&host.rest_as(key), method).await;
            let expected = (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED".to_owned());
            assert_eq!(answer, expected, "{} with {key:?}", method.full_name);
        }
    }
    assert_unreached(&host);
    host.stop().await;
}

#[tokio::test]
async fn a_key_without_the_scope_reaches_no_method() {
    let host = Host::start().await;
    // Every method lacks one of the two: no method is open to the scopes of both services.
    let (_, identity) = create_key(&host.api, &["identity.*"]).await;
    let (_, points) = create_key(&host.api, &["points.*"]).await;
    for method in public_methods() {
        let Access::Scopes(scopes) = &method.access else {
            unreachable!()
        };
        let opened_by = |service: &str| scopes.iter().any(|scope| scope.starts_with(service));
        let key = if opened_by("identity.") { &points } else { &identity };
        assert!(
            !(opened_by("identity.") && opened_by("points.")),
            "{}",
            method.full_name
        );
        let outcome = call(&host.api, method, Some(("x-api-key", key))).await;
        let expected = (Code::PermissionDenied, "SCOPE_MISSING".to_owned());
        assert_eq!(code_and_reason(&outcome), expected, "{}", method.full_name);
        let answer = call_rest(&host.rest_as(Some(key)), method).await;
        let expected = (StatusCode::FORBIDDEN, "SCOPE_MISSING".to_owned());
        // What is no body of the method is told earlier than what the caller may not do: it tells nothing of the tenant.
        assert_eq!(answer, expected, "{}", method.full_name);
    }
    host.stop().await;
}

#[tokio::test]
async fn the_scope_alone_opens_the_method() {
    let host = Host::start().await;
    for method in public_methods() {
        let Access::Scopes(scopes) = &method.access else {
            unreachable!()
        };
        let (_, key) = create_key(&host.api, &[&scopes[0]]).await;
        let (code, reason) = code_and_reason(&call(&host.api, method, Some(("x-api-key", &key))).await);
        let refused = [
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::Unimplemented,
            Code::Unavailable,
            Code::Internal,
        ];
        assert!(!refused.contains(&code), "{}: {code:?} {reason}", method.full_name);
    }
    host.stop().await;
}

#[tokio::test]
async fn what_is_internal_does_not_exist_for_anybody_outside() {
    let host = Host::start().await;
    let (_, key) = create_key(&host.api, &["*"]).await;
    let internal = methods(|access| *access == Access::Internal);
    assert!(!internal.is_empty());
    for method in internal {
        let outcome = call(&host.api, method, Some(("x-api-key", &key))).await;
        let expected = (Code::Unimplemented, "METHOD_UNKNOWN".to_owned());
        assert_eq!(code_and_reason(&outcome), expected, "{}", method.full_name);
        let outcome = call(&host.api, method, None).await;
        assert_ne!(code_and_reason(&outcome).0, Code::Ok, "{}", method.full_name);
    }
    host.stop().await;
}

#[tokio::test]
async fn a_revoked_key_and_an_expired_one_open_nothing() {
    let host = Host::start().await;
    let (revoked, revoked_secret) = create_key(&host.api, &["*"]).await;
    let request = CreateApiKeyRequest {
        request_id: Api::request_id(),
        display_name: "short".to_owned(),
        scopes: vec!["*".to_owned()],
        expire_time: Some(host.now().plus(Duration::from_mins(1)).to_wire()),
        ..CreateApiKeyRequest::default()
    };
    let expired_secret = host
        .api
        .api_keys()
        .create_api_key(request)
        .await
        .unwrap()
        .into_inner()
        .secret;
    for secret in [&revoked_secret, &expired_secret] {
        assert_eq!(
            host.rest_as(Some(secret)).get("/v1/channels").await.status,
            StatusCode::OK
        );
    }
    let request = RevokeApiKeyRequest {
        request_id: Api::request_id(),
        api_key_id: revoked.api_key_id,
    };
    host.api.api_keys().revoke_api_key(request).await.unwrap();
    host.platform.clock().advance(Duration::from_mins(1));
    for (what, secret) in [("revoked", &revoked_secret), ("expired", &expired_secret)] {
        // Within a second, says the contract.
        let rest = host.rest_as(Some(secret));
        until(what, StatusCode::UNAUTHORIZED, async || {
            rest.get("/v1/channels").await.status
        })
        .await;
        for method in public_methods() {
            let outcome = call(&host.api, method, Some(("x-api-key", secret))).await;
            assert_eq!(
                code_and_reason(&outcome).0,
                Code::Unauthenticated,
                "{what}: {}",
                method.full_name
            );
        }
    }
    host.stop().await;
}

/// No service has counted a single call of a public method: the gateway has let none through.
fn assert_unreached(host: &Host) {
    let figures = host.platform.red().prometheus_text();
    for method in public_methods() {
        let mut lines = figures.lines().filter(|line| !line.starts_with('#'));
        let line = lines.find(|line| line.contains(method.full_name));
        assert_eq!(line, None, "{}", method.full_name);
    }
}
