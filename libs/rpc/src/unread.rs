//! What is still sent of a request that was answered before it was read: a refusal needs no body.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tonic::body::Body;

/// How much of it is read: more than a message has, as a rule.
const BYTES_MAX: usize = 64 * 1024;
/// For how long.
const TIME_MAX: Duration = Duration::from_secs(1);

/// A body of a request over HTTP/2 that is read out, for a little while, by the last one who holds it.
///
/// A server that answers early and drops the body has its connection count what still arrives against the peer, for good: h2
/// takes frames that nobody reads, some hundred small ones or a thousand after the end of their stream, for an attack, and
/// ends the connection with `ENHANCE_YOUR_CALM`. Callers who repeat what is refused, as all do while a database is away, would
/// lose the connection, and with it all that others have under way on it.
pub fn read_out<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Body::new(Unread(Some(body)))
}

struct Unread<B: HttpBody<Data = Bytes> + Send + Unpin + 'static>(Option<B>);

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> HttpBody for Unread<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Drop for Unread<B> {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        // Without a runtime there is no connection either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(TIME_MAX, read(body)));
        }
    }
}

async fn read<B: HttpBody<Data = Bytes> + Unpin>(mut body: B) {
    let mut bytes = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        bytes = bytes.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if bytes > BYTES_MAX {
            return;
        }
    }
}
