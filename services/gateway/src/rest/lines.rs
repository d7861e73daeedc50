//! An answer of many messages, one on each line.

use std::sync::Arc;

use bytes::Bytes;
use fault::Fault;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor};
use tonic::body::Body;
use tonic::{Status, Streaming};

use super::json::respell_answer;
use super::spelt::Spelt;
use super::stream::Refusal;
use super::{RestError, answer, error};

/// The format of the lines of an answer.
pub(super) struct LineFormat {
    /// The descriptors of the error details.
    pub(super) errors: DescriptorPool,
    /// Whether answers may name fields of the request.
    pub(super) tells_paths: bool,
    /// The field of an answer that its line has; none where it has the whole answer.
    pub(super) part: Option<FieldDescriptor>,
    pub(super) spelling: Arc<Spelt>,
}

impl LineFormat {
    fn line(&self, mut answer: DynamicMessage) -> Result<Bytes, RestError> {
        if self.tells_paths {
            let spelling = self.spelling.of_next();
            respell_answer(&mut answer, &spelling.unwrap_or_else(|| self.spelling.of_all()));
        }
        answer::line(&answer, self.part.as_ref()).map_err(|error| Fault::internal(error).into())
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
