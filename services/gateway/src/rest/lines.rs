use bytes::{Buf, Bytes, BytesMut};
use fault::{Fault, Violation};
use futures::stream::{self, Stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::{Status, Streaming};

use super::{RestError, answer, body, error};

/// The messages of a body that has one on each line.
///
/// A line that cannot be read must not end the stream, for the method would take that as the caller's last word: the
/// stream falls silent instead, and the refusal comes by the other way, upon which the call is dropped.
pub(super) fn messages(
    body: Body,
    descriptor: MessageDescriptor,
    line_bytes_max: usize,
) -> (impl Stream<Item = DynamicMessage> + Send + 'static, Refusal) {
    let (refuse, refused) = oneshot::channel();
    let reader = Reader {
        body,
        buffer: BytesMut::new(),
        searched: 0,
        line: 0,
        line_bytes_max,
        ended: false,
    };
    let messages = stream::unfold(
        (reader, descriptor, refuse),
        async |(mut reader, descriptor, refuse)| {
            match reader.next(&descriptor).await {
                Ok(Some(message)) => Some((message, (reader, descriptor, refuse))),
                Ok(None) => None,
                Err(error) => {
                    // Whoever waits for the answer may be gone already.
                    let _ = refuse.send(error);
                    std::future::pending().await
                }
            }
        },
    );
    (messages, Refusal(Some(refused)))
}

/// The answers as lines. What goes wrong once they are on their way is the last line: `{"error": ...}`.
pub(super) fn written(answers: Streaming<DynamicMessage>, refusal: Refusal, errors: DescriptorPool) -> Body {
    let lines = stream::unfold(Some((answers, refusal)), move |under_way| {
        let errors = errors.clone();
        async move {
            let (mut answers, mut refusal) = under_way?;
            match refusal.or(answers.message()).await.and_then(|answer| {
                answer
                    .map(|message| answer::line(&message))
                    .transpose()
                    .map_err(|error| Fault::internal(error).into())
            }) {
                Ok(line) => Some((Ok::<_, Status>(Frame::data(line?)), Some((answers, refusal)))),
                Err(RestError { status, .. }) => {
                    let line = [b"{\"error\":", &*error::json(&status, &errors), b"}\n"].concat();
                    Some((Ok(Frame::data(line.into())), None))
                }
            }
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
}

impl Reader {
    /// The next message; empty lines are none.
    async fn next(&mut self, descriptor: &MessageDescriptor) -> Result<Option<DynamicMessage>, RestError> {
        while let Some(line) = self.next_line().await? {
            if !line.iter().all(u8::is_ascii_whitespace) {
                return body::message(descriptor, &line)
                    .map(Some)
                    .map_err(|fault| self.at_line(fault).into());
            }
        }
        Ok(None)
    }

    async fn next_line(&mut self) -> Result<Option<Bytes>, RestError> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = unsearched.iter().position(|&byte| byte == b'\n') {
                let line = self.buffer.split_to(self.searched.saturating_add(end)).freeze();
                self.buffer.advance(1);
                return Ok(Some(self.counted(line)));
            }
            self.searched = self.buffer.len();
            if self.searched > self.line_bytes_max {
                return Err(RestError::too_large(self.line_bytes_max));
            }
            if self.ended {
                let line = self.buffer.split().freeze();
                return Ok((!line.is_empty()).then(|| self.counted(line)));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Some(Err(status)) => return Err(status.into()),
                None => self.ended = true,
            }
        }
    }

    fn counted(&mut self, line: Bytes) -> Bytes {
        self.searched = 0;
        self.line = self.line.saturating_add(1);
        line
    }

    /// Puts the line's number before the paths of what is wrong in it.
    fn at_line(&self, fault: Fault) -> Fault {
        let Fault::Refused(refusal) = fault else { return fault };
        let violations = refusal.violations.into_iter().map(|violation| Violation {
            path: violation.path,
            message: format!("line {}: {}", self.line, violation.message),
        });
        Fault::invalid_fields(violations.collect())
    }
}
