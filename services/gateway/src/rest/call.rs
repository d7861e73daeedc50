use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Buf;
use fault::Fault;
use futures::stream::Stream;
use http::header::{CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rpc::Channel;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use super::json::{Spellings, respell_answer};
use super::lines::LineFormat;
use super::pieces::{Framing, Pieces};
use super::spelt::Spelt;
use super::stream::Refusal;
use super::{RestError, answer, body, incoming, lines, stream};
use crate::audit::call::AuditedCall;
use crate::contract::{Found, Route};
use crate::edge::{Admitted, Edge};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// The largest message that a service may answer with.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

type Messages = Pin<Box<dyn Stream<Item = DynamicMessage> + Send>>;

/// Answers a REST request, for as long as its caller waits: the time runs from here on, not from when the body has come.
pub(crate) async fn call(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, RestError> {
    let asked = rpc::timeout(request.headers()).and_then(|asked| match asked {
        Some(timeout) if timeout.is_zero() => Err(rpc::passed()),
        asked => Ok(asked),
    });
    match asked {
        Ok(Some(timeout)) => rpc::within(timeout, answered(edge, request)).await?,
        Ok(None) => answered(edge, request).await,
        Err(fault) => {
            let (parts, body) = request.into_parts();
            refused(&parts.headers, fault.into(), body).await
        }
    }
}

/// The refusal, once its sender has had the time to send the body. Who asks whether to send it at all, and is refused, does
/// not send it.
async fn refused(headers: &HeaderMap, error: RestError, body: Body) -> Result<Response<Body>, RestError> {
    if !headers.contains_key(EXPECT) {
        incoming::drain(body).await;
    }
    Err(error)
}

async fn answered(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, RestError> {
    let (parts, body) = request.into_parts();
    let refused = |error, body| refused(&parts.headers, error, body);
    let (route, segments, admitted) = match admit(edge, &parts).await {
        Ok(admitted) => admitted,
        Err(error) => return refused(error, body).await,
    };
    let bytes_max = edge.config.body_bytes_max;
    let is_streamed = route.method.descriptor.is_client_streaming();
    let length = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    if !is_streamed && length > bytes_max {
        return refused(RestError::too_large(bytes_max), body).await;
    }
    let body = match incoming::decoded(&parts.headers, body) {
        Ok(body) => body,
        Err((error, body)) => return refused(error, body).await,
    };
    if is_streamed {
        let spelling = Arc::new(Spelt::stream(route.method.descriptor.is_server_streaming()));
        let pieces = Pieces::new(Framing::Lines, body, bytes_max);
        let (input, items) = (route.method.descriptor.input(), route.items.clone());
        let (messages, refusal) = stream::messages(pieces, input, items, Arc::clone(&spelling));
        let messages: Messages = Box::pin(messages);
        return carry(edge, route, messages, refusal, admitted.channel, spelling).await;
    }
    let json = incoming::read_whole(body, bytes_max, edge.config.timeout).await?;
    let mut spelling = Spellings::default();
    let query = parts.uri.query().unwrap_or_default();
    let request = body::message(route, &segments, query, &json, &mut spelling);
    let request = request.map_err(|fault| spelling.whole().fault(fault))?;
    let spelling = Arc::new(Spelt::whole(spelling));
    if let Some(caller) = admitted.audited(route.method) {
        let peer = parts.extensions.get().copied();
        let call = AuditedCall::begin(&edge.audit, route.method, caller, peer, Some(&request)).await?;
        let messages: Messages = Box::pin(futures::stream::iter([request]));
        let answer = unary(edge, route, messages, &mut Refusal::none(), admitted.channel, &spelling).await;
        let code = answer.as_ref().map_or_else(|error| error.status.code(), |_| Code::Ok);
        call.end(code, answer.as_ref().ok()).await;
        return whole(route, answer?, &spelling);
    }
    let messages: Messages = Box::pin(futures::stream::iter([request]));
    carry(edge, route, messages, Refusal::none(), admitted.channel, spelling).await
}

/// The route of a request, the segments of its path, and the way to the service, where the caller may go there.
async fn admit<'r>(
    edge: &'r Edge,
    parts: &'r http::request::Parts,
) -> Result<(&'r Route, Vec<Cow<'r, str>>, Admitted), RestError> {
    let path = parts.uri.path();
    match edge.contracts.router.find(&parts.method, path) {
        Found::Route(route, segments) => {
            let admitted = edge.admit(route.method, &parts.headers).await?;
            Ok((route, segments, admitted))
        }
        Found::OtherMethods(others) => Err(RestError::other_methods(&parts.method, &others)),
        Found::Nothing => Err(match edge.contracts.served(path) {
            Some(method) => RestError::not_grpc(method.full_name, edge.config.documents),
            None => RestError::no_address(path, edge.config.documents),
        }),
    }
}

/// Makes the call and writes its answer. What breaks the body off ends the call.
async fn carry(
    edge: &Edge,
    route: &Route,
    messages: Messages,
    mut refusal: Refusal,
    channel: Channel,
    spelling: Arc<Spelt>,
) -> Result<Response<Body>, RestError> {
    if !route.method.descriptor.is_server_streaming() {
        let answer = unary(edge, route, messages, &mut refusal, channel, &spelling).await?;
        return whole(route, answer, &spelling);
    }
    let mut peer = peer(channel).await?;
    let request = tonic::Request::new(messages);
    let answers = refusal
        .or(peer.streaming(request, route.wire_path.clone(), codec(route)))
        .await
        .map_err(|error| error.respelled(spelling.of_all().whole()))?
        .into_inner();
    let format = LineFormat {
        errors: edge.contracts.errors.clone(),
        tells_paths: route.tells_paths,
        part: route.response_body.clone(),
        spelling,
    };
    Ok(respond(LINES, lines::written(answers, refusal, format)))
}

/// The answer of a method that has one.
async fn unary(
    edge: &Edge,
    route: &Route,
    messages: Messages,
    refusal: &mut Refusal,
    channel: Channel,
    spelling: &Spelt,
) -> Result<DynamicMessage, RestError> {
    let mut request = tonic::Request::new(messages);
    // Where the caller named a deadline, the call inherits what is left of it.
    if rpc::remaining().is_none() && !route.method.descriptor.is_client_streaming() {
        request.set_timeout(edge.config.timeout);
    }
    let mut peer = peer(channel).await?;
    let answer = refusal
        .or(peer.client_streaming(request, route.wire_path.clone(), codec(route)))
        .await
        .map_err(|error| error.respelled(spelling.of_all().whole()))?;
    Ok(answer.into_inner())
}

async fn peer(channel: Channel) -> Result<tonic::client::Grpc<Channel>, Status> {
    let mut peer = tonic::client::Grpc::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    peer.ready().await?;
    Ok(peer)
}

fn codec(route: &Route) -> DynamicCodec {
    DynamicCodec {
        answer: route.method.descriptor.output(),
    }
}

/// One answer as JSON.
fn whole(route: &Route, mut answer: DynamicMessage, spelling: &Spelt) -> Result<Response<Body>, RestError> {
    if route.tells_paths {
        respell_answer(&mut answer, &spelling.of_all());
    }
    let json = answer::body(&answer, route.response_body.as_ref()).map_err(Fault::internal)?;
    Ok(respond(JSON, Body::new(Full::new(json.into()))))
}

fn respond(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Reads and writes messages that are known by their descriptors alone.
struct DynamicCodec {
    answer: MessageDescriptor,
}

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self {
            answer: self.answer.clone(),
        }
    }

    fn decoder(&mut self) -> Self {
        self.encoder()
    }
}

impl Encoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(message.encoded_len());
        message.encode(buffer).map_err(|error| Fault::internal(error).into())
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let answer = DynamicMessage::decode(self.answer.clone(), buffer.copy_to_bytes(buffer.remaining()));
        answer.map(Some).map_err(|error| Fault::internal(error).into())
    }
}
