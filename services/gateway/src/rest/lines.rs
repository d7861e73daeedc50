use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use fault::{Fault, Violation};
use futures::stream::{self, Stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::{Status, Streaming};

use super::json;
use super::json::{Items, Read, respell_answer};
use super::spelt::Spelt;
use super::{RestError, answer, error};
use crate::contract::Route;

/// The messages of a body that has one on each line.
///
/// A line that cannot be read refuses nothing but itself where the contract judges items by themselves: it becomes a
/// message that tells its judge what is wrong. Elsewhere it must not end the stream, for the method would take that as the
/// caller's last word: the stream falls silent instead, and the refusal comes by the other way, upon which the call is
/// dropped.
pub(super) fn messages(
    body: Body,
    route: &Route,
    line_bytes_max: usize,
    spelling: Arc<Spelt>,
) -> (impl Stream<Item = DynamicMessage> + Send + 'static, Refusal) {
    let (refuse, refused) = oneshot::channel();
    let reader = Reader {
        body,
        buffer: BytesMut::new(),
        searched: 0,
        line: 0,
        line_bytes_max,
        ended: false,
        descriptor: route.method.descriptor.input(),
        items: route.items.clone(),
        spelling,
    };
    let messages = stream::unfold((reader, refuse), async |(mut reader, refuse)| {
        match reader.next().await {
            Ok(Some(message)) => Some((message, (reader, refuse))),
            Ok(None) => None,
            Err(error) => {
                // The caller may be gone already.
                let _ = refuse.send(error);
                std::future::pending().await
            }
        }
    });
    (messages, Refusal(Some(refused)))
}

/// The format of the lines of an answer.
pub(super) struct LineFormat {
    /// The descriptors of the error details.
    pub(super) errors: DescriptorPool,
    /// Whether answers may name fields of the request.
    pub(super) tells_paths: bool,
    pub(super) spelling: Arc<Spelt>,
}

impl LineFormat {
    fn line(&self, mut answer: DynamicMessage) -> Result<Bytes, RestError> {
        if self.tells_paths {
            let spelling = self.spelling.of_next();
            respell_answer(&mut answer, &spelling.unwrap_or_else(|| self.spelling.of_all()));
        }
        answer::line(&answer).map_err(|error| Fault::internal(error).into())
    }

    fn error(&self, error: RestError) -> Bytes {
        let RestError { status, .. } = error.respelled(self.spelling.of_all().whole());
        [b"{\"error\":", &*error::json(&status, &self.errors), b"}\n"]
            .concat()
            .into()
    }
}

/// The answers as lines. An error after the first of them is the last line: `{"error": ...}`.
pub(super) fn written(answers: Streaming<DynamicMessage>, refusal: Refusal, format: LineFormat) -> Body {
    let lines = stream::unfold(Some((answers, refusal, format)), async |under_way| {
        let (mut answers, mut refusal, format) = under_way?;
        let answer = refusal.or(answers.message()).await;
        match answer.and_then(|answer| answer.map(|answer| format.line(answer)).transpose()) {
            Ok(line) => Some((Ok::<_, Status>(Frame::data(line?)), Some((answers, refusal, format)))),
            Err(error) => Some((Ok(Frame::data(format.error(error))), None)),
        }
    });
    Body::new(StreamBody::new(lines))
}

/// What may still come of a body that is read while its call is under way: that a line of it cannot be.
pub(super) struct Refusal(Option<oneshot::Receiver<RestError>>);

impl Refusal {
    /// For a body that was read whole.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The outcome of `work`, or the refusal if that comes first.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = Result<T, Status>>) -> Result<T, RestError> {
        tokio::select! {
            biased;
            refusal = self.comes() => Err(refusal),
            outcome = work => Ok(outcome?),
        }
    }

    async fn comes(&mut self) -> RestError {
        if let Some(refused) = &mut self.0
            && let Ok(refusal) = refused.await
        {
            return refusal;
        }
        // The body was read to its end, so nothing can come any more.
        self.0 = None;
        std::future::pending().await
    }
}

struct Reader {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer is known to have no end of a line.
    searched: usize,
    line: usize,
    line_bytes_max: usize,
    ended: bool,
    descriptor: MessageDescriptor,
    items: Option<Items>,
    spelling: Arc<Spelt>,
}

impl Reader {
    /// The next message; empty lines are none.
    async fn next(&mut self) -> Result<Option<DynamicMessage>, RestError> {
        while let Some(line) = self.next_line().await? {
            if line.as_ref().is_ok_and(json::is_blank) {
                continue;
            }
            let read = line.and_then(|line| json::read(&self.descriptor, &line, self.items.as_ref()));
            return self.message(read).map(Some).map_err(RestError::from);
        }
        Ok(None)
    }

    /// The message of a line. A line of which nothing can be read is an item that is wrong.
    fn message(&self, read: Result<Read, Fault>) -> Result<DynamicMessage, Fault> {
        let Some(items) = &self.items else {
            let Read {
                message,
                violations,
                spelling,
                ..
            } = read.map_err(|fault| self.at_line(fault))?;
            self.spelling.note(&spelling);
            if violations.is_empty() {
                return Ok(message);
            }
            return Err(spelling.whole().fault(self.at_line(Fault::invalid_fields(violations))));
        };
        let mut read = match read {
            Ok(read) => read,
            Err(Fault::Refused(refusal)) => Read {
                violations: refusal.violations,
                ..json::read(&self.descriptor, b"", None)?
            },
            Err(fault) => return Err(fault),
        };
        self.spelling.note(&read.spelling);
        items.blame(&mut read);
        let mut message = read.message;
        for item in &mut read.items {
            item.violations = self.numbered(std::mem::take(&mut item.violations));
        }
        items.report(&mut message, read.items);
        Ok(message)
    }

    /// The next line, or that it is too long: such a line is passed over.
    async fn next_line(&mut self) -> Result<Option<Result<Bytes, Fault>>, RestError> {
        let mut is_too_long = false;
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', unsearched) {
                let line = self.buffer.split_to(self.searched.saturating_add(end)).freeze();
                self.buffer.advance(1);
                return Ok(Some(self.counted(line, is_too_long)));
            }
            self.searched = self.buffer.len();
            if self.searched > self.line_bytes_max {
                if self.items.is_none() {
                    return Err(RestError::too_large(self.line_bytes_max));
                }
                is_too_long = true;
                self.buffer.clear();
                self.searched = 0;
            }
            if self.ended {
                let line = self.buffer.split().freeze();
                return Ok((is_too_long || !line.is_empty()).then(|| self.counted(line, is_too_long)));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Some(Err(status)) => return Err(status.into()),
                None => self.ended = true,
            }
        }
    }

    fn counted(&mut self, line: Bytes, is_too_long: bool) -> Result<Bytes, Fault> {
        self.searched = 0;
        self.line = self.line.saturating_add(1);
        match is_too_long || line.len() > self.line_bytes_max {
            true => Err(Fault::invalid(
                "",
                format!("a line has at most {} bytes", self.line_bytes_max),
            )),
            false => Ok(line),
        }
    }

    /// Puts the line's number before what is wrong in it.
    fn at_line(&self, fault: Fault) -> Fault {
        let Fault::Refused(refusal) = fault else { return fault };
        Fault::invalid_fields(self.numbered(refusal.violations))
    }

    fn numbered(&self, violations: Vec<Violation>) -> Vec<Violation> {
        let numbered = violations.into_iter().map(|violation| Violation {
            path: violation.path,
            message: format!("line {}: {}", self.line, violation.message),
        });
        numbered.collect()
    }
}
