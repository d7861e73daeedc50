use std::borrow::Cow;
use std::pin::Pin;

use bytes::{Buf, Bytes};
use fault::Fault;
use futures::stream::{self, Stream};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rpc::Channel;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::lines::Refusal;
use super::{RestError, answer, body, lines, query};
use crate::contract::{Found, Route};
use crate::edge::{Edge, TIMEOUT_HEADER};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// The largest message that a service may answer with.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

type Messages = Pin<Box<dyn Stream<Item = DynamicMessage> + Send>>;

/// Answers a REST request.
pub(crate) async fn call(edge: &Edge, request: Request<Body>) -> Result<Response<Body>, RestError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let (route, segments) = match edge.contracts.router.find(&parts.method, path) {
        Found::Route(route, segments) => (route, segments),
        Found::OtherMethods(others) => return Err(RestError::other_methods(&parts.method, &others)),
        Found::Nothing => return Err(RestError::no_address(path)),
    };
    let channel = edge.admit(route.method, &parts.headers).await?;
    if route.method.descriptor.is_client_streaming() {
        let (messages, refusal) = lines::messages(body, route.method.descriptor.input(), edge.config.body_bytes_max);
        return carry(edge, route, &parts.headers, Box::pin(messages), refusal, channel).await;
    }
    let json = read_whole(edge, body).await?;
    let request = message(route, &segments, parts.uri.query().unwrap_or_default(), &json)?;
    let messages = Box::pin(stream::iter([request]));
    carry(edge, route, &parts.headers, messages, Refusal::none(), channel).await
}

/// The request message, from body, query and path; the path has the last word.
fn message(route: &Route, segments: &[Cow<'_, str>], query: &str, json: &Bytes) -> Result<DynamicMessage, Fault> {
    let mut request = body::read(&route.method.descriptor.input(), &route.body, json)?;
    query::fill_from_query(route, query, &mut request)?;
    query::fill_from_path(route, segments, &mut request)?;
    Ok(request)
}

/// The body, where it comes within the limits of length and time.
///
/// What its content-type says is not looked at: the address says that it is JSON, and a browser gains nothing by calling
/// it something else, for no credential goes along by itself.
async fn read_whole(edge: &Edge, body: Body) -> Result<Bytes, RestError> {
    let bytes_max = edge.config.body_bytes_max;
    let whole = tokio::time::timeout(edge.config.timeout, Limited::new(body, bytes_max).collect()).await;
    let whole = whole
        .map_err(|_| RestError::too_slow(edge.config.timeout))?
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                RestError::too_large(bytes_max)
            } else {
                Fault::invalid("", format!("the body broke off: {error}")).into()
            }
        })?;
    Ok(whole.to_bytes())
}

/// Makes the call and writes its answer. A line of the body that cannot be read ends the call.
async fn carry(
    edge: &Edge,
    route: &Route,
    headers: &HeaderMap,
    messages: Messages,
    mut refusal: Refusal,
    channel: Channel,
) -> Result<Response<Body>, RestError> {
    let mut request = tonic::Request::new(messages);
    match (
        headers
            .get(TIMEOUT_HEADER)
            .and_then(|value| value.to_str().ok()?.parse().ok()),
        streams(route),
    ) {
        (Some(timeout), _) => drop(request.metadata_mut().insert(TIMEOUT_HEADER, timeout)),
        (None, false) => request.set_timeout(edge.config.timeout),
        (None, true) => {}
    }
    let codec = DynamicCodec {
        answer: route.method.descriptor.output(),
    };
    let mut peer = tonic::client::Grpc::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    peer.ready().await?;
    if route.method.descriptor.is_server_streaming() {
        let answers = refusal
            .or(peer.streaming(request, route.wire_path.clone(), codec))
            .await?
            .into_inner();
        return Ok(respond(
            LINES,
            lines::written(answers, refusal, edge.contracts.errors.clone()),
        ));
    }
    let answer = refusal
        .or(peer.client_streaming(request, route.wire_path.clone(), codec))
        .await?
        .into_inner();
    let json = answer::json(&answer).map_err(Fault::internal)?;
    Ok(respond(JSON, Body::new(Full::new(json))))
}

fn streams(route: &Route) -> bool {
    route.method.descriptor.is_client_streaming() || route.method.descriptor.is_server_streaming()
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
