//! An answer of gRPC as Connect has it.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use fault::Fault;
use futures::stream;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::body::Body;
use tonic::{Code, Status};

use super::asked::{Asked, Codec};
use super::error;
use super::request::envelope;
use crate::rest::{ENVELOPE_BYTES, Framing, Pieces, Refusal, RestError, Spelt, respell_answer, tells_paths, written};

/// The largest message that a service may answer with.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The flag of the last envelope of a stream, which says how it ended.
const END_OF_STREAM: u8 = 0b10;

/// A refusal, in the form that the caller waits for: a stream tells it in its only envelope.
pub(super) fn refused(asked: &Asked, error: &RestError, errors: &DescriptorPool) -> Response<Body> {
    match asked.is_enveloped {
        false => error::whole(error, errors),
        true => respond(
            asked.content_type(),
            Body::new(Full::new(end(Some(&error.status), errors))),
        ),
    }
}

/// The answer of a call with one message.
pub(super) async fn one(
    asked: &Asked,
    response: Response<Body>,
    errors: &DescriptorPool,
    spelling: &Spelt,
) -> Response<Body> {
    let written = match message(response).await {
        Ok(message) => Writer::new(asked).write(message, spelling),
        Err(status) => Err(asked.spelled(status.into(), spelling)),
    };
    match written {
        Ok(bytes) => respond(asked.content_type(), Body::new(Full::new(bytes))),
        Err(error) => error::whole(&error, errors),
    }
}

/// The only message of an answer.
async fn message(response: Response<Body>) -> Result<Bytes, Status> {
    let (head, body) = response.into_parts();
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned();
    status(&head.headers, trailers.as_ref())?;
    let mut bytes = collected.to_bytes();
    if bytes.len() < ENVELOPE_BYTES {
        return Err(Fault::internal("a call succeeded without an answer").into());
    }
    bytes.advance(ENVELOPE_BYTES);
    Ok(bytes)
}

/// How a call ended.
fn status(head: &HeaderMap, trailers: Option<&HeaderMap>) -> Result<(), Status> {
    let status = [trailers, Some(head)]
        .into_iter()
        .flatten()
        .find_map(Status::from_header_map);
    match status {
        Some(status) if status.code() == Code::Ok => Ok(()),
        Some(status) => Err(status),
        None => Err(Fault::internal("a call ended without a status").into()),
    }
}

/// The answers of a stream.
struct Answers {
    /// The body of gRPC, in pieces; none once it has ended.
    pieces: Option<(Pieces, Trailers)>,
    head: HeaderMap,
    refusal: Refusal,
    asked: Asked,
    writer: Writer,
    errors: DescriptorPool,
    spelling: Arc<Spelt>,
}

/// The trailers of a body, once it has been read.
type Trailers = Arc<std::sync::OnceLock<HeaderMap>>;

/// The answer of a method with a stream. Its head says nothing of how the call ends.
pub(super) fn stream(
    asked: Asked,
    response: Response<Body>,
    refusal: Refusal,
    errors: DescriptorPool,
    spelling: Arc<Spelt>,
) -> Response<Body> {
    let (head, body) = response.into_parts();
    let trailers = Trailers::default();
    let noted = Arc::clone(&trailers);
    let body = body.map_frame(move |frame| {
        if let Some(trailers) = frame.trailers_ref() {
            let _ = noted.set(trailers.clone());
        }
        frame
    });
    let answers = Answers {
        pieces: Some((
            Pieces::new(Framing::Envelopes, Body::new(body), ANSWER_BYTES_MAX),
            trailers,
        )),
        head: head.headers,
        refusal,
        writer: Writer::new(&asked),
        asked,
        errors,
        spelling,
    };
    let content_type = answers.asked.content_type();
    let frames = stream::unfold(answers, async |mut answers| {
        let frame = answers.next().await?;
        Some((Ok::<_, Status>(Frame::data(frame)), answers))
    });
    respond(content_type, Body::new(StreamBody::new(frames)))
}

impl Answers {
    /// The next envelope; the last one says how the stream ended.
    async fn next(&mut self) -> Option<Bytes> {
        let (mut pieces, trailers) = self.pieces.take()?;
        let reading = async { pieces.next(false).await.map_err(|error| error.status) };
        let outcome = match self.refusal.or(reading).await {
            Ok(Some(Ok(message))) => {
                let written = self.writer.write(message, &self.spelling);
                written.map(|message| Some(envelope(0, &message)))
            }
            Ok(Some(Err(fault))) => Err(fault.into()),
            Ok(None) => status(&self.head, trailers.get())
                .map(|()| None)
                .map_err(RestError::from),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Some(message)) => {
                self.pieces = Some((pieces, trailers));
                Some(message)
            }
            Ok(None) => Some(end(None, &self.errors)),
            Err(error) => {
                let error = self.asked.spelled(error, &self.spelling);
                Some(end(Some(&error.status), &self.errors))
            }
        }
    }
}

/// The last envelope of a stream.
fn end(status: Option<&Status>, errors: &DescriptorPool) -> Bytes {
    let told = match status {
        Some(status) => serde_json::json!({"error": error::json(status, errors)}),
        None => serde_json::json!({}),
    };
    envelope(END_OF_STREAM, told.to_string().as_bytes())
}

/// Writes answers in the codec of the request.
struct Writer {
    /// None where messages stay as they are.
    json: Option<prost_reflect::MessageDescriptor>,
    /// Whether an answer may name fields of the request.
    tells_paths: bool,
}

impl Writer {
    fn new(asked: &Asked) -> Self {
        let output = asked.method.descriptor.output();
        Self {
            tells_paths: tells_paths(&output),
            json: (asked.codec == Codec::Json).then_some(output),
        }
    }

    fn write(&self, message: Bytes, spelling: &Spelt) -> Result<Bytes, RestError> {
        let Some(descriptor) = &self.json else {
            return Ok(message);
        };
        let mut message = DynamicMessage::decode(descriptor.clone(), message).map_err(Fault::internal)?;
        if self.tells_paths {
            respell_answer(&mut message, &spelling.of_next().unwrap_or_else(|| spelling.of_all()));
        }
        Ok(written(&message).map_err(Fault::internal)?)
    }
}

fn respond(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
