//! gRPC is passed through: the body is not looked into, so that no message costs a decoding here.

use fault::{Common, Fault};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use rpc::{CONNECT_TIMEOUT_HEADER, explained, timeout, within};
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt;

use super::{Edge, probes};
use crate::audit;

/// The headers that go along to the service. Others of the caller are not the platform's business, and what the platform says
/// to its services in headers nobody else may say.
const PASSED: [HeaderName; 5] = [
    CONTENT_TYPE,
    TE,
    USER_AGENT,
    HeaderName::from_static("traceparent"),
    CONNECT_TIMEOUT_HEADER,
];
/// Deadline and compression, by what gRPC calls its headers.
const PASSED_PREFIX: &str = "grpc-";

/// Whether a request is gRPC. The dialect of browsers, gRPC-Web, is another protocol.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Whether a gRPC request says that its messages are protobuf, as it does unless it says otherwise.
fn is_protobuf(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let subtype = content_type.strip_prefix(b"application/grpc+");
    let subtype = subtype.and_then(|rest| rest.split(|&byte| byte == b';').next());
    subtype.is_none_or(|name| name.trim_ascii() == b"proto")
}

/// Answers a gRPC request.
pub(crate) async fn pass(edge: &Edge, request: Request<Body>) -> Response<Body> {
    let answer = try_pass(edge, request).await;
    explained(answer.unwrap_or_else(Status::into_http))
}

/// The time of the caller runs from here on, whatever is done before the call.
async fn try_pass(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, Status> {
    match timeout(request.headers())? {
        Some(timeout) => within(timeout, passed_on(edge, request)).await?,
        None => passed_on(edge, request).await,
    }
}

async fn passed_on(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, Status> {
    if request.version() < Version::HTTP_2 {
        // Without HTTP/2 there are no trailers, and the status of the call would be lost.
        return Err(Fault::invalid("", "gRPC needs HTTP/2").into());
    }
    let path = request.uri().path();
    if !is_protobuf(request.headers()) {
        let message = "messages are read as protobuf alone: send application/grpc, or JSON to the address of REST";
        return Err(Fault::invalid("content-type", message).into());
    }
    if probes::is_reflection(path) && !edge.may_see(edge.config.reflection, request.headers()).await? {
        return Err(unknown(path).into());
    }
    if probes::is_probe(path) {
        return Ok(edge.probes.answer(request).await);
    }
    let method = edge.contracts.served(path).ok_or_else(|| unknown(path))?;
    let admitted = edge.admit(method, request.headers()).await?;
    let (peer, outgoing) = (request.extensions().get().copied(), outgoing(request));
    match admitted.audited(method) {
        Some(caller) => audit::call::pass(&edge.audit, method, caller, peer, admitted.channel.clone(), outgoing).await,
        None => admitted.channel.oneshot(outgoing).await,
    }
}

/// The request as the service gets it.
fn outgoing(request: Request<Body>) -> Request<Body> {
    let (parts, body) = request.into_parts();
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = parts.method;
    *outgoing.version_mut() = parts.version;
    *outgoing.uri_mut() = parts
        .uri
        .path_and_query()
        .cloned()
        .map_or_else(Uri::default, path_alone);
    for (name, value) in &parts.headers {
        if PASSED.contains(name) || name.as_str().starts_with(PASSED_PREFIX) {
            outgoing.headers_mut().append(name, value.clone());
        }
    }
    outgoing
}

fn path_alone(path: PathAndQuery) -> Uri {
    Uri::from(path)
}

fn unknown(path: &str) -> Fault {
    let method = path.trim_start_matches('/');
    Fault::refused(Common::MethodUnknown, format!("there is no method {method}")).with("method", method)
}
