use std::time::Duration;

use bytes::Bytes;
use fault::{Common, Fault};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::answer;

/// Why a REST request has no answer: a status of gRPC, and where HTTP has a word of its own for it, that.
#[derive(Debug)]
pub(crate) struct RestError {
    pub(crate) status: Status,
    http: Option<StatusCode>,
    allow: Option<String>,
}

impl RestError {
    /// Nothing is at the path.
    pub(crate) fn no_address(path: &str) -> Self {
        Fault::not_found("address", path).into()
    }

    /// The path is another HTTP method's.
    pub(crate) fn other_methods(asked: &http::Method, others: &[&http::Method]) -> Self {
        let allow = others
            .iter()
            .map(|method| method.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let fault = Fault::refused(
            Common::MethodUnknown,
            format!("this address answers to {allow}, not to {asked}"),
        );
        Self {
            http: Some(StatusCode::METHOD_NOT_ALLOWED),
            allow: Some(allow),
            ..fault.with("method", asked).into()
        }
    }

    /// The body is longer than the most.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let fault = Fault::invalid("", format!("a body has at most {bytes_max} bytes"));
        Self {
            http: Some(StatusCode::PAYLOAD_TOO_LARGE),
            ..fault.into()
        }
    }

    /// The body did not come in time.
    pub(crate) fn too_slow(limit: Duration) -> Self {
        let fault = Fault::refused(
            Common::DeadlineExceeded,
            format!("the body did not come within {limit:?}"),
        );
        Self {
            http: Some(StatusCode::REQUEST_TIMEOUT),
            ..fault.into()
        }
    }

    /// The answer as HTTP has it: `google.rpc.Status` as JSON, its details with their types.
    pub(crate) fn response(&self, pool: &DescriptorPool) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(json(&self.status, pool)));
        *response.status_mut() = self.http.unwrap_or_else(|| http_status(self.status.code()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(allow) = self.allow.as_ref().and_then(|allow| allow.parse().ok()) {
            headers.insert(ALLOW, allow);
        }
        if self.status.code() == Code::Unauthenticated {
            headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let delay = self.status.get_details_retry_info().and_then(|info| info.retry_delay);
        if let Some(delay) = delay {
            // The header counts whole seconds; the detail has the exact delay.
            headers.insert(RETRY_AFTER, delay.as_secs().max(1).into());
        }
        response
    }
}

impl From<Status> for RestError {
    fn from(status: Status) -> Self {
        Self {
            status,
            http: None,
            allow: None,
        }
    }
}

impl From<Fault> for RestError {
    fn from(fault: Fault) -> Self {
        Status::from(fault).into()
    }
}

/// `google.rpc.Status` as JSON. A detail of a type that the contracts do not have is left out, for its name alone would
/// make the whole unreadable.
pub(super) fn json(status: &Status, pool: &DescriptorPool) -> Bytes {
    let plain = tonic_types::pb::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    };
    let full = tonic_types::pb::Status::decode(status.details()).unwrap_or_else(|_| plain.clone());
    let full = tonic_types::pb::Status {
        code: plain.code,
        message: plain.message.clone(),
        details: full.details,
    };
    render(&full, pool)
        .or_else(|| render(&plain, pool))
        .unwrap_or_else(|| Bytes::from_static(b"{}"))
}

fn render(status: &tonic_types::pb::Status, pool: &DescriptorPool) -> Option<Bytes> {
    let mut message = DynamicMessage::new(pool.get_message_by_name("google.rpc.Status")?);
    message.transcode_from(status).ok()?;
    answer::brief(&message).ok()
}

/// The HTTP status of a code, as `google.rpc.Code` documents it.
pub(super) fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Aborted | Code::AlreadyExists => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        // The client went away; the code is that of the widespread proxies, for HTTP has none.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
