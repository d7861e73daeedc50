//! An error as Connect has it: its code by name, and each detail with its bytes and, to be read, as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::Response;
use http_body_util::Full;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Map, Value, json as value};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::rest::{RestError, brief};

/// The answer with an error, under the status that HTTP has for it.
pub(super) fn whole(error: &RestError, errors: &DescriptorPool) -> Response<Body> {
    let told = json(&error.status, errors).to_string();
    error.response(errors).map(|_| Body::new(Full::new(told.into())))
}

/// An error.
pub(super) fn json(status: &Status, errors: &DescriptorPool) -> Value {
    let full = tonic_types::pb::Status::decode(status.details()).unwrap_or_default();
    let details: Vec<Value> = full.details.iter().map(|any| detail(any, errors)).collect();
    let mut error = Map::new();
    error.insert("code".to_owned(), code(status.code()).into());
    if !status.message().is_empty() {
        error.insert("message".to_owned(), status.message().into());
    }
    if !details.is_empty() {
        error.insert("details".to_owned(), details.into());
    }
    error.into()
}

fn detail(any: &prost_types::Any, errors: &DescriptorPool) -> Value {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let mut detail = value!({"type": name, "value": STANDARD_NO_PAD.encode(&any.value)});
    let descriptor = errors.get_message_by_name(name);
    let message = descriptor.and_then(|descriptor| DynamicMessage::decode(descriptor, &*any.value).ok());
    let read = message.and_then(|message| brief(&message).ok());
    if let Some(debug) = read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        && let Some(detail) = detail.as_object_mut()
    {
        detail.insert("debug".to_owned(), debug);
    }
    detail
}

/// The name of a code.
const fn code(code: Code) -> &'static str {
    match code {
        // An error has a code of its own.
        Code::Ok | Code::Unknown => "unknown",
        Code::Cancelled => "canceled",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}
