//! What goes to a replica, which may break off on the side of the caller.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// A request's body that notes whether it broke off before its end: then the caller has gone, and no replica is to blame.
pub(super) struct Outgoing {
    body: Body,
    broke_off: Arc<AtomicBool>,
}

impl Outgoing {
    /// The body, and whether it has broken off.
    pub(super) fn watched(body: Body) -> (Body, Arc<AtomicBool>) {
        let broke_off = Arc::<AtomicBool>::default();
        if http_body::Body::is_end_stream(&body) {
            return (body, broke_off);
        }
        let outgoing = Self {
            body,
            broke_off: broke_off.clone(),
        };
        (Body::new(outgoing), broke_off)
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Err(_)) = &frame {
            self.broke_off.store(true, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
