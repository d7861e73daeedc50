use std::time::Duration;

use bytes::Bytes;
use fault::{Common, Fault, Violation};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt};

use super::answer;
use super::json::{FIELD, Spelling};
use crate::edge::Exposure;

/// Why a REST request has no answer: a status of gRPC, and where HTTP has a word of its own for it, that.
#[derive(Debug)]
pub(crate) struct RestError {
    pub(crate) status: Status,
    http: Option<StatusCode>,
    /// A header that names the accepted alternative.
    instead: Option<(HeaderName, String)>,
}

impl RestError {
    /// Nothing is at the path. The list of those that there are is named to whom the settings show it.
    pub(crate) fn no_address(path: &str, documents: Exposure) -> Self {
        let listed = match documents {
            Exposure::On => "/openapi.json lists those that there are",
            Exposure::Key => "/openapi.json lists those that there are, to callers with a key or a token",
            Exposure::Off => "the contracts (google.api.http) name those that there are",
        };
        let message = format!("there is no address {path}: {listed}");
        let fault = Fault::refused(Common::NotFound, message);
        fault.with("resource", "address").with("id", path).into()
    }

    /// The path is another HTTP method's.
    pub(crate) fn other_methods(asked: &http::Method, others: &[&http::Method]) -> Self {
        let mut allow: Vec<&str> = others.iter().map(|method| method.as_str()).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.sort_unstable();
        allow.dedup();
        let allow = allow.join(", ");
        let fault = Fault::refused(
            Common::MethodUnknown,
            format!("this address answers to {allow}, not to {asked}"),
        );
        Self {
            http: Some(StatusCode::METHOD_NOT_ALLOWED),
            instead: Some((ALLOW, allow)),
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

    /// The body is written in a way that is not read here.
    pub(crate) fn unsupported(message: String) -> Self {
        Self {
            http: Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            instead: Some((ACCEPT_ENCODING, "gzip, identity".to_owned())),
            ..Fault::invalid("", message).into()
        }
    }

    /// A method of gRPC is called by something else.
    pub(crate) fn not_grpc(method: &str, documents: Exposure) -> Self {
        let list = match documents {
            Exposure::On | Exposure::Key => "/openapi.json has for it",
            Exposure::Off => "its contract (google.api.http) names",
        };
        let message = format!(
            "{method} is a method of gRPC: send it as application/grpc over HTTP/2, as application/json or \
             application/proto as Connect has it, or call the address of REST that {list}"
        );
        Self {
            http: Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ..Fault::invalid("content-type", message).into()
        }
    }

    /// Whether the rest of the body is still under way, so that its sender would not hear the answer.
    pub(crate) fn leaves_a_body(&self) -> bool {
        self.http == Some(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// The same, naming fields as the caller spells them.
    pub(crate) fn respelled(mut self, spelling: &Spelling) -> Self {
        let mut details = self.status.get_error_details();
        let wrong = details.bad_request().map_or(&[][..], |wrong| &wrong.field_violations);
        let violations = wrong.iter().map(|violation| Violation {
            path: violation.field.clone(),
            message: violation.description.clone(),
        });
        let violations: Vec<Violation> = violations.collect();
        let (sentence, respelled) = spelling.refusal(self.status.message(), &violations);
        if !respelled.is_empty() {
            let respelled = respelled.into_iter().map(|it| FieldViolation::new(it.path, it.message));
            details.set_bad_request(respelled.collect::<Vec<_>>());
        }
        if let Some(mut info) = details.error_info().cloned()
            && let Some(field) = info.metadata.get_mut(FIELD)
        {
            *field = spelling.path(field);
            details.set_error_info(info.reason, info.domain, info.metadata);
        }
        let metadata = self.status.metadata().clone();
        self.status = Status::with_error_details_and_metadata(self.status.code(), sentence, details, metadata);
        self
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

    pub(super) fn http_status(&self) -> StatusCode {
        self.http.unwrap_or_else(|| http_status(self.status.code()))
    }

    /// The answer as HTTP has it: `google.rpc.Status` as JSON, its details with their types.
    pub(crate) fn response(&self, pool: &DescriptorPool) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(json(&self.status, pool)));
        *response.status_mut() = self.http_status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = &self.instead
            && let Ok(value) = value.parse()
        {
            headers.insert(name, value);
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
            // What the way to the service says by itself gets a reason of the contract.
            status: Fault::of_client(&status).map_or(status, Status::from),
            http: None,
            instead: None,
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
