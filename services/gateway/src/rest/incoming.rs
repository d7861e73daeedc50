//! The body of a request before anybody reads it: its encoding, its length, and what is left of one that is refused.

use std::io::Write;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fault::Fault;
use flate2::write::MultiGzDecoder;
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::Status;
use tonic::body::Body;

use super::RestError;

/// How much of a refused body is still read, so that its sender, who may write all of it before reading, gets the answer
/// rather than a broken connection.
const DRAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a compressed body is decoded at once; each byte may become a thousand.
const INFLATED_AT_ONCE: usize = 1_024;
/// By how much a body may shrink when it is compressed. JSON of many similar items comes to some 50; a bomb to 1,000.
const RATIO_MAX: usize = 200;
/// Up to here the ratio does not matter.
const RATIO_FREE_BYTES: usize = 16 * 1024 * 1024;

/// The body as its sender wrote it before it was compressed. Refuses an encoding or a charset that is not read here.
pub(crate) fn decoded(headers: &HeaderMap, body: Body) -> Result<Body, (RestError, Body)> {
    if let Some(charset) = foreign_charset(headers) {
        let message = format!("a body is read as UTF-8, not as {charset}: convert it");
        return Err((RestError::unsupported(message), body));
    }
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    let encodings: Vec<String> = encodings
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    match &*encodings {
        [] => Ok(body),
        [name] if name == "gzip" || name == "x-gzip" => Ok(inflated(body)),
        names => {
            let message = format!(
                "the content-encoding {} is not read: send gzip, or the body as it is",
                names.join(", ")
            );
            Err((RestError::unsupported(message), body))
        }
    }
}

/// The charset of the content type, where it is another one than JSON's.
fn foreign_charset(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })?;
    (!matches!(&*charset, "utf-8" | "utf8" | "us-ascii" | "")).then_some(charset)
}

struct Inflation {
    body: Body,
    decoder: MultiGzDecoder<Vec<u8>>,
    /// The bytes that were read and are not decoded yet.
    waiting: Bytes,
    compressed: usize,
    inflated: usize,
}

/// The body of a gzip, decoded no faster than it is read: a bound on the reading bounds the decoding.
fn inflated(body: Body) -> Body {
    let inflation = Inflation {
        body,
        decoder: MultiGzDecoder::new(Vec::new()),
        waiting: Bytes::new(),
        compressed: 0,
        inflated: 0,
    };
    let frames = stream::unfold(Some(inflation), async |inflation| {
        let mut inflation = inflation?;
        match inflation.next().await {
            Ok(Some(bytes)) => Some((Ok(Frame::data(bytes)), Some(inflation))),
            Ok(None) => None,
            // What is left is still the sender's, who is to get the answer.
            Err(status) => {
                drain(inflation.body).await;
                Some((Err(status), None))
            }
        }
    });
    Body::new(StreamBody::new(frames))
}

impl Inflation {
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if self.waiting.is_empty() {
                match self.body.frame().await {
                    Some(frame) => self.waiting = frame?.into_data().unwrap_or_default(),
                    None => return self.end(),
                }
            }
            let piece = self.waiting.split_to(self.waiting.len().min(INFLATED_AT_ONCE));
            self.compressed = self.compressed.saturating_add(piece.len());
            self.decoder.write_all(&piece).map_err(|error| broken(&error))?;
            if let Some(bytes) = self.taken()? {
                return Ok(Some(bytes));
            }
        }
    }

    fn end(&mut self) -> Result<Option<Bytes>, Status> {
        if self.compressed > 0 {
            self.decoder.try_finish().map_err(|error| broken(&error))?;
        }
        self.taken()
    }

    fn taken(&mut self) -> Result<Option<Bytes>, Status> {
        let bytes = std::mem::take(self.decoder.get_mut());
        self.inflated = self.inflated.saturating_add(bytes.len());
        let bound = self.compressed.saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES);
        if self.inflated > bound {
            let message =
                format!("the body shrank to less than a {RATIO_MAX}th when it was compressed: send it as it is");
            return Err(Fault::invalid("", message).into());
        }
        Ok((!bytes.is_empty()).then(|| bytes.into()))
    }
}

fn broken(error: &std::io::Error) -> Status {
    Fault::invalid(
        "",
        format!("the body is no gzip, though its content-encoding says so: {error}"),
    )
    .into()
}

/// The body, where it comes within the limits of length and time.
///
/// What its content type says beyond the charset is not looked at: the address says that it is JSON, and a browser gains
/// nothing by calling it something else, for no credential goes along by itself.
pub(crate) async fn read_whole(mut body: Body, bytes_max: usize, timeout: Duration) -> Result<Bytes, RestError> {
    let reading = async {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let data = frame.map_err(broken_off)?.into_data().unwrap_or_default();
            if whole.len().saturating_add(data.len()) > bytes_max {
                return Err(RestError::too_large(bytes_max));
            }
            if whole.is_empty() && http_body::Body::is_end_stream(&body) {
                // It came in one piece, as most do.
                return Ok(data);
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    };
    let read = tokio::time::timeout(timeout, reading).await;
    match read.unwrap_or_else(|_| Err(RestError::too_slow(timeout))) {
        Err(error) if error.leaves_a_body() => {
            drain(body).await;
            Err(error)
        }
        outcome => outcome,
    }
}

/// What a decoder refuses is the sender's; that a connection broke off is told to nobody.
fn broken_off(status: Status) -> RestError {
    match status.code() {
        tonic::Code::InvalidArgument => status.into(),
        _ => Fault::invalid("", format!("the body broke off: {}", status.message())).into(),
    }
}

/// Reads and drops what is left of a body, within bounds.
pub(super) async fn drain(mut body: Body) {
    let reading = async {
        let mut bytes = 0_usize;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.into_data().map_or(0, |data| data.len());
            bytes = bytes.saturating_add(length);
            if bytes > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    // Whether it ends or not, the answer follows.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
}
