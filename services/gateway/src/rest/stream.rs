//! A body that has many messages, read one after the other while its call is under way.

use std::sync::Arc;

use fault::{Fault, Violation};
use futures::stream::{self, Stream};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tokio::sync::oneshot;
use tonic::Status;

use super::RestError;
use super::json;
use super::json::{Items, Read};
use super::pieces::{Framing, Pieces};
use super::spelt::Spelt;

/// The messages of a body.
///
/// One that cannot be read refuses nothing but itself where the contract judges items by themselves: it becomes a
/// message that tells its judge what is wrong. Elsewhere it must not end the stream, for the method would take that as the
/// caller's last word: the stream falls silent instead, and the refusal comes by the other way, upon which the call is
/// dropped.
pub(crate) fn messages(
    pieces: Pieces,
    descriptor: MessageDescriptor,
    items: Option<Items>,
    spelling: Arc<Spelt>,
) -> (impl Stream<Item = DynamicMessage> + Send + 'static, Refusal) {
    let (refuse, refused) = oneshot::channel();
    let reader = Reader {
        pieces,
        descriptor,
        items,
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
    (messages, Refusal::by(refused))
}

/// What may still come of a body that is read while its call is under way: that a line of it cannot be.
pub(crate) struct Refusal(Option<oneshot::Receiver<RestError>>);

impl Refusal {
    /// For a body that was read whole.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// For a body that is read while its call is under way.
    pub(crate) fn by(refused: oneshot::Receiver<RestError>) -> Self {
        Self(Some(refused))
    }

    /// The outcome of `work`, or the refusal if that comes first.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = Result<T, Status>>) -> Result<T, RestError> {
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
    pieces: Pieces,
    descriptor: MessageDescriptor,
    items: Option<Items>,
    spelling: Arc<Spelt>,
}

impl Reader {
    /// The next message; empty lines are none.
    async fn next(&mut self) -> Result<Option<DynamicMessage>, RestError> {
        let passes_over = self.items.is_some();
        while let Some(piece) = self.pieces.next(passes_over).await? {
            if self.pieces.framing() == Framing::Lines && piece.as_ref().is_ok_and(json::is_blank) {
                continue;
            }
            let read = piece.and_then(|json| json::read(&self.descriptor, &json, self.items.as_ref()));
            return self.message(read).map(Some).map_err(RestError::from);
        }
        Ok(None)
    }

    /// The message of a piece. One of which nothing can be read is an item that is wrong.
    fn message(&self, read: Result<Read, Fault>) -> Result<DynamicMessage, Fault> {
        let Some(items) = &self.items else {
            let Read {
                message,
                violations,
                spelling,
                ..
            } = read.map_err(|fault| self.at_piece(fault))?;
            self.spelling.note(&spelling);
            if violations.is_empty() {
                return Ok(message);
            }
            return Err(spelling.whole().fault(self.at_piece(Fault::invalid_fields(violations))));
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

    /// Puts the number of the piece before what is wrong in it.
    fn at_piece(&self, fault: Fault) -> Fault {
        let Fault::Refused(refusal) = fault else { return fault };
        Fault::invalid_fields(self.numbered(refusal.violations))
    }

    fn numbered(&self, violations: Vec<Violation>) -> Vec<Violation> {
        let place = self.pieces.place();
        let numbered = violations.into_iter().map(|violation| Violation {
            path: violation.path,
            message: format!("{place}: {}", violation.message),
        });
        numbered.collect()
    }
}
