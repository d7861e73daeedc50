//! What the transport says by itself, in the contract's words, wherever in an answer it stands.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use fault::Fault;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// The same answer, whose status names its reason. A server of gRPC refuses by itself what it cannot read, and a body may
/// break off: neither knows of the contract.
pub fn explained(mut response: Response<Body>) -> Response<Body> {
    if response.headers().contains_key(Status::GRPC_STATUS) {
        explain(response.headers_mut());
        return response;
    }
    if response.status() != StatusCode::OK {
        // Somebody on the way who speaks HTTP alone.
        let message = format!("the way to the service answers HTTP {}", response.status().as_u16());
        return Status::from(Fault::unavailable(message)).into_http();
    }
    response.map(|body| Body::new(Explained { body, has_ended: false }))
}

fn explain(headers: &mut HeaderMap) {
    let said = Status::from_header_map(headers).and_then(|status| Fault::of_server(&status));
    if let Some(fault) = said {
        write(&fault.into(), headers);
    }
}

fn write(status: &Status, headers: &mut HeaderMap) {
    // A message that a header cannot hold cannot be: it is percent-encoded.
    if let Err(unwritten) = status.add_header(headers) {
        tracing::error!(%unwritten, "a status could not be written");
    }
}

/// The trailers that end an answer with a status.
pub(crate) fn trailers(status: impl Into<Status>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    write(&status.into(), &mut headers);
    headers
}

struct Explained {
    body: Body,
    has_ended: bool,
}

impl http_body::Body for Explained {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    explain(trailers);
                }
                Some(Ok(frame))
            }
            Some(Err(status)) => {
                self.has_ended = true;
                let status = Fault::of_client(&status).map_or(status, Status::from);
                Some(Ok(Frame::trailers(trailers(status))))
            }
            None => None,
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
