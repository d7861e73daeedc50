//! What platforms send, by protocols of their own, to `/callbacks/{protocol}/{tenant}/{account}`: handed on to the service
//! `channels` as it came, to the byte, for its signature covers just that.
//!
//! There is no credential: the signature is one, and only channels can tell. This is the one method that the gateway names. A rule
//! of `google.api.http` with `google.api.HttpBody` was rejected: it has neither the query as it came nor the headers, which are
//! signed, too; and a public method of gRPC would be a second door that nobody needs.

use contracts_channels::v1::callback_service_client::CallbackServiceClient;
use contracts_channels::v1::{HttpHeader, ReceiveCallbackRequest, ReceiveCallbackResponse};
use fault::Fault;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue};
use http::{Method as HttpMethod, Request, Response, StatusCode};
use http_body_util::Full;
use kernel::{Principal, Tenant};
use rpc::{Channel, Signer};
use tonic::body::Body;

use super::Edge;
use crate::rest::{RestError, read_whole};

const PREFIX: &str = "/callbacks/";
/// What of a platform's request may be its body. More is refused by its length, before it is read.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How many headers are handed on.
const HEADERS_MAX: usize = 100;

/// The way to channels.
pub(super) struct Callbacks {
    channel: Option<Channel>,
    signer: Signer,
}

/// Whether the path is that of a platform's requests.
pub(super) fn is_callback(path: &str) -> bool {
    path.starts_with(PREFIX)
}

impl Callbacks {
    pub(super) fn new(channel: Option<Channel>, signer: Signer) -> Self {
        Self { channel, signer }
    }

    /// The channel on behalf of a tenant.
    fn of(&self, tenant: Tenant) -> Result<CallbackServiceClient<Channel>, Fault> {
        let channel = self.channel.clone().ok_or_else(|| rpc::unknown_peer("channels"))?;
        let principal = self.signer.sign(&Principal::service(crate::NAME, tenant))?;
        Ok(CallbackServiceClient::new(channel.with_principal(principal)))
    }
}

/// Hands a request on and answers as channels says.
pub(super) async fn answer(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, RestError> {
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, HttpMethod::GET | HttpMethod::POST) {
        return Err(RestError::other_methods(
            &parts.method,
            &[&HttpMethod::GET, &HttpMethod::POST],
        ));
    }
    let path = parts.uri.path();
    let nowhere = || RestError::no_address(path, edge.config.documents);
    let segments: Vec<&str> = path.strip_prefix(PREFIX).unwrap_or_default().split('/').collect();
    let [protocol, tenant, account_id] = segments[..] else {
        return Err(nowhere());
    };
    let tenant: Tenant = tenant.parse().map_err(|_| nowhere())?;
    let length = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    if length > BODY_BYTES_MAX {
        return Err(RestError::too_large(BODY_BYTES_MAX));
    }
    let body = read_whole(body, BODY_BYTES_MAX, edge.config.timeout).await?;
    let mut request = tonic::Request::new(ReceiveCallbackRequest {
        protocol: protocol.to_owned(),
        account_id: account_id.to_owned(),
        method: parts.method.as_str().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: body.to_vec(),
    });
    request.set_timeout(edge.config.timeout);
    let answer = edge.callbacks.of(tenant)?.receive_callback(request).await?;
    Ok(told(answer.into_inner()))
}

/// The headers that are text, but for a credential of the platform's own, which is none of theirs.
fn headers(headers: &HeaderMap) -> Vec<HttpHeader> {
    let kept = headers
        .iter()
        .filter(|(name, _)| !matches!(**name, AUTHORIZATION | COOKIE))
        .filter_map(|(name, value)| {
            Some(HttpHeader {
                name: name.as_str().to_owned(),
                value: value.to_str().ok()?.to_owned(),
            })
        });
    kept.take(HEADERS_MAX).collect()
}

fn told(answer: ReceiveCallbackResponse) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(answer.body.into())));
    let status = u16::try_from(answer.status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(media_type) = HeaderValue::from_str(&answer.media_type) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    response
}
