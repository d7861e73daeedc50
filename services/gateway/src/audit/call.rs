//! An administrative call on its way: written before it is made, and its outcome after it.

use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use fault::Fault;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use kernel::Tenant;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rpc::{Channel, Method};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;
use tracing::Instrument;

use super::link::{CallMade, Event};
use super::log::AuditLog;
use super::resources;
use crate::caller::Caller;

/// The longest request or answer of an administrative method, as the services read messages.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What stands before a message of gRPC: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// From where the connection of a request came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// Whether a call is written into the audit log: an administrative one that may change something, by a caller who may make it.
pub(crate) fn is_audited(method: &Method, caller: &Caller) -> bool {
    method.administrative && !method.read_only && method.access.admits(&caller.scopes)
}

/// A call that was written and has no outcome yet. One that is dropped was given up by its caller, and is written as that.
pub(crate) struct AuditedCall {
    log: AuditLog,
    tenant: Tenant,
    sequence: Option<i64>,
}

impl AuditedCall {
    /// Writes that a call is about to be made. Where it cannot be written, the call must not be made.
    pub(crate) async fn begin(
        log: &AuditLog,
        method: &Method,
        caller: &Caller,
        peer: Option<PeerAddress>,
        request: Option<&DynamicMessage>,
    ) -> Result<Self, Fault> {
        let call = CallMade {
            subject: caller.identity.subject().to_owned(),
            method: method.full_name.to_owned(),
            request_id: request.map(resources::request_id).unwrap_or_default(),
            peer_address: peer.map_or_else(String::new, |peer| peer.0.ip().to_string()),
        };
        let named = request.map_or_else(|| resources::NONE.to_owned(), resources::of);
        let (log, tenant) = (log.clone(), caller.tenant);
        let writing = async move {
            let sequence = log.write(tenant, Event::Call(call), named).await?;
            let sequence = Some(sequence);
            Ok(Self { log, tenant, sequence })
        };
        // In a task of its own: a caller who goes away as the entry is committed would leave one that never has an outcome.
        let written = tokio::spawn(writing.in_current_span()).await;
        written.map_err(Fault::internal)?
    }

    /// Writes how the call ended. The call has been made: where this cannot be written, the log says of the entry that its
    /// outcome is not known, and the caller gets the answer.
    pub(crate) async fn end(mut self, code: Code, answer: Option<&DynamicMessage>) {
        let named = answer.map_or_else(|| resources::NONE.to_owned(), resources::of);
        let Some(writing) = self.writing(code, named) else {
            return;
        };
        // In a task of its own, so that it goes on where the caller goes away meanwhile.
        let _ = tokio::spawn(writing.in_current_span()).await;
    }

    fn writing(&mut self, code: Code, named: String) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (log, tenant, call_sequence) = (self.log.clone(), self.tenant, self.sequence.take()?);
        let code = telemetry::code_name(code).to_owned();
        Some(async move {
            let outcome = Event::Outcome { call_sequence, code };
            if let Err(fault) = log.write(tenant, outcome, named).await {
                tracing::error!(%fault, %tenant, call_sequence, "the outcome of an administrative call was not written");
            }
        })
    }
}

impl Drop for AuditedCall {
    fn drop(&mut self) {
        if let Some(writing) = self.writing(Code::Cancelled, resources::NONE.to_owned())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(writing);
        }
    }
}

/// Makes an audited call of gRPC, whose request is read for it and sent on as it came.
pub(crate) async fn pass(
    log: &AuditLog,
    method: &Method,
    caller: &Caller,
    peer: Option<PeerAddress>,
    channel: Channel,
    request: Request<Body>,
) -> Result<Response<Body>, Status> {
    let (parts, body) = request.into_parts();
    let (bytes, _) = collected(body).await?;
    let read = message(&method.descriptor.input(), &bytes);
    let call = AuditedCall::begin(log, method, caller, peer, read.as_ref()).await?;
    let request = Request::from_parts(parts, Body::new(Full::new(bytes)));
    match answered(channel, request).await {
        Ok((head, bytes, trailers)) => {
            let code = [Some(&head.headers), trailers.as_ref()];
            let code = code.into_iter().flatten().find_map(Status::from_header_map);
            let code = code.map_or(Code::Unknown, |status| status.code());
            call.end(code, message(&method.descriptor.output(), &bytes).as_ref())
                .await;
            Ok(Response::from_parts(head, again(bytes, trailers)))
        }
        Err(status) => {
            call.end(status.code(), None).await;
            Err(status)
        }
    }
}

/// The body of an answer that was read. A refusal has neither a message nor trailers, and ends with its head: clients take an
/// empty frame behind that for a stream that broke off.
fn again(bytes: Bytes, trailers: Option<HeaderMap>) -> Body {
    match trailers {
        None if bytes.is_empty() => Body::empty(),
        trailers => Body::new(Full::new(bytes).with_trailers(std::future::ready(trailers.map(Ok)))),
    }
}

async fn answered(
    channel: Channel,
    request: Request<Body>,
) -> Result<(http::response::Parts, Bytes, Option<HeaderMap>), Status> {
    let (head, body) = channel.oneshot(request).await?.into_parts();
    let (bytes, trailers) = collected(body).await?;
    Ok((head, bytes, trailers))
}

async fn collected(body: Body) -> Result<(Bytes, Option<HeaderMap>), Status> {
    let collected = Limited::new(body, MESSAGE_BYTES_MAX.saturating_add(PREFIX_BYTES))
        .collect()
        .await;
    let collected = collected.map_err(|error| match error.downcast::<Status>() {
        Ok(status) => *status,
        Err(error) if error.is::<LengthLimitError>() => {
            Fault::invalid("", format!("a message has at most {MESSAGE_BYTES_MAX} bytes")).into()
        }
        Err(error) => Fault::invalid("", format!("the body broke off: {error}")).into(),
    })?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}

/// The message of a body of gRPC; none where it cannot be read, which its service tells the caller.
fn message(descriptor: &MessageDescriptor, body: &Bytes) -> Option<DynamicMessage> {
    let mut body = body.clone();
    let is_plain = body.first() == Some(&0) && body.len() >= PREFIX_BYTES;
    is_plain.then(|| body.advance(PREFIX_BYTES))?;
    DynamicMessage::decode(descriptor.clone(), body).ok()
}
