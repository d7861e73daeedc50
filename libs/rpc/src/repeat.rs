//! What it takes to make a call again: its request kept, and its answer whole before anybody sees it.
//!
//! Every method of the contracts is free of effects, or takes effect once for its request id, however often it is called.
//! Streams are not repeated: what they have done so far only their caller knows.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::Contract;

/// How much of a request or an answer is kept. What is longer passes through as it comes, and is not repeated.
const BYTES_MAX: usize = 1024 * 1024;

/// Whether the method at a path may be called again: it is one of the contract, with one request and one answer.
pub(crate) fn may_be(contract: &Contract, path: &str) -> bool {
    let method = contract.methods().ok().and_then(|methods| methods.at(path));
    method.is_some_and(|method| !method.descriptor.is_client_streaming() && !method.descriptor.is_server_streaming())
}

/// The beginning of a body, and what has not come yet of a long one.
pub(crate) struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    rest: Option<Body>,
}

/// Reads a body to its end, or as far as it is kept.
pub(crate) async fn read(mut body: Body) -> Result<Frames, Status> {
    let (mut frames, mut length) = (VecDeque::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        length = length.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        frames.push_back(frame);
        if length > BYTES_MAX {
            let rest = Some(body);
            return Ok(Frames { frames, rest });
        }
    }
    Ok(Frames { frames, rest: None })
}

/// An answer that has come to its end, unless it is long: where the way breaks before, the caller would have a part of it.
pub(crate) async fn settled(response: Response<Body>) -> Result<Response<Frames>, Box<Status>> {
    let (parts, body) = response.into_parts();
    let frames = read(body).await.map_err(Box::new)?;
    Ok(Response::from_parts(parts, frames))
}

/// Whether an answer says that what it needs is away: another replica may have it.
pub(crate) fn is_unavailable(answer: &Response<Frames>) -> bool {
    let status = Status::from_header_map(answer.headers());
    status.is_some_and(|status| status.code() == Code::Unavailable)
}

impl Frames {
    /// The same once more, where all of it is kept. The bytes themselves are shared.
    pub(crate) fn again(&self) -> Option<Body> {
        let data = self.frames.iter().filter_map(Frame::data_ref);
        let frames = data.cloned().map(Frame::data).collect();
        self.rest.is_none().then(|| Body::new(Self { frames, rest: None }))
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_some() {
            return SizeHint::new();
        }
        let bytes: usize = self.frames.iter().filter_map(Frame::data_ref).map(Bytes::len).sum();
        SizeHint::with_exact(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}
