use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use tonic::Streaming;

use crate::error::Error;

/// The answers of a stream. The platform sends no faster than they are read; one that is dropped ends the stream there too.
#[derive(Debug)]
pub struct Answers<A> {
    inner: Streaming<A>,
}

impl<A> Answers<A> {
    pub(crate) fn of(inner: Streaming<A>) -> Self {
        Self { inner }
    }
}

impl<A> Stream for Answers<A> {
    type Item = Result<A, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(context);
        polled.map(|answer| answer.map(|outcome| outcome.map_err(|status| Error::of(status, "", 1))))
    }
}
