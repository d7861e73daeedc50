//! A call of Connect as one of gRPC.
//!
//! Its body is read no sooner than its service asks for it: so only of callers who were let in. What cannot be read must not
//! end the body, for the service would take that as the caller's last word: the body falls silent, and the refusal comes by
//! the other way, upon which the call is dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use fault::Fault;
use futures::StreamExt;
use futures::stream;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TE};
use http::{HeaderValue, Method as HttpMethod, Request, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use prost::Message;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::body::Body;

use super::asked::{Asked, Codec};
use crate::edge::Edge;
use crate::rest::{
    ENVELOPE_BYTES, Framing, Items, Pieces, Refusal, RestError, Spellings, Spelt, decoded, messages, read, read_whole,
};

/// How the messages of a stream are compressed.
const STREAM_ENCODING_HEADER: &str = "connect-content-encoding";

/// The call, and what may still refuse it while it is under way.
pub(super) fn of_grpc(
    edge: &Edge,
    asked: &Asked,
    request: Request<Body>,
    spelling: &Arc<Spelt>,
) -> Result<(Request<Body>, Refusal), RestError> {
    let (mut parts, body) = request.into_parts();
    let (body, refusal) = match (asked.is_enveloped, asked.codec) {
        (true, codec) => {
            refuse_compressed(&parts.headers)?;
            match codec {
                // The envelopes of gRPC.
                Codec::Proto => (body, Refusal::none()),
                Codec::Json => of_envelopes(edge, asked, body, Arc::clone(spelling)),
            }
        }
        (false, _) => of_one(edge, asked, &parts.headers, body, Arc::clone(spelling))?,
    };
    parts.method = HttpMethod::POST;
    parts.version = Version::HTTP_2;
    parts.uri = parts.uri.path().parse().map_err(Fault::internal)?;
    for name in [CONTENT_LENGTH, CONTENT_ENCODING, ACCEPT_ENCODING] {
        parts.headers.remove(name);
    }
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    parts.headers.insert(TE, HeaderValue::from_static("trailers"));
    Ok((Request::from_parts(parts, body), refusal))
}

/// A time as the header for it has it.
pub(super) fn millis(time: Duration) -> HeaderValue {
    HeaderValue::from(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn refuse_compressed(headers: &HeaderMap) -> Result<(), RestError> {
    match headers.get(STREAM_ENCODING_HEADER) {
        Some(encoding) if encoding != "identity" => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            let message =
                format!("the messages of a stream are read as they are, not as {encoding}: identity is supported");
            Err(Status::unimplemented(message).into())
        }
        _ => Ok(()),
    }
}

/// The body of a call with one message.
fn of_one(
    edge: &Edge,
    asked: &Asked,
    headers: &HeaderMap,
    body: Body,
    spelling: Arc<Spelt>,
) -> Result<(Body, Refusal), RestError> {
    let body = decoded(headers, body).map_err(|(error, _)| error)?;
    let (bytes_max, timeout) = (edge.config.body_bytes_max, edge.config.timeout);
    let (codec, input, by_query) = (asked.codec, asked.method.descriptor.input(), asked.message.clone());
    let (refuse, refusal) = oneshot::channel();
    let reading = async move {
        let bytes = match by_query {
            Some(bytes) => bytes,
            None => read_whole(body, bytes_max, timeout).await?,
        };
        match codec {
            Codec::Proto => Ok(bytes),
            Codec::Json => {
                let (mut spellings, items) = (Spellings::default(), Items::of(&input));
                let message = read(&input, items.as_ref(), &bytes, &mut spellings);
                spelling.note(&spellings);
                Ok(message?.encode_to_vec().into())
            }
        }
    };
    let frame = async move {
        match reading.await {
            Ok(message) => Ok::<_, Status>(Frame::data(envelope(0, &message))),
            Err(error) => {
                // The caller may be gone already.
                let _ = refuse.send(error);
                std::future::pending().await
            }
        }
    };
    let body = Body::new(StreamBody::new(stream::once(frame)));
    Ok((body, Refusal::by(refusal)))
}

/// The body of a stream of JSON.
fn of_envelopes(edge: &Edge, asked: &Asked, body: Body, spelling: Arc<Spelt>) -> (Body, Refusal) {
    let input = asked.method.descriptor.input();
    let items = Items::of(&input);
    let pieces = Pieces::new(Framing::Envelopes, body, edge.config.body_bytes_max);
    let (messages, refusal) = messages(pieces, input, items, spelling);
    let frames = messages.map(|message| Ok::<_, Status>(Frame::data(envelope(0, &message.encode_to_vec()))));
    (Body::new(StreamBody::new(frames)), refusal)
}

/// A message behind its flags and its length.
pub(super) fn envelope(flags: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(ENVELOPE_BYTES.saturating_add(message.len()));
    bytes.put_u8(flags);
    // A message that were longer would have been refused.
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.put_slice(message);
    bytes.freeze()
}
