//! A body cut into the pieces that have a message each.

use bytes::{Buf, Bytes, BytesMut};
use fault::Fault;
use http_body_util::BodyExt;
use tonic::body::Body;

use super::RestError;

/// What stands before a message in an envelope: flags, and its length.
pub(crate) const ENVELOPE_BYTES: usize = 5;

/// How the pieces are told from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Each is a line.
    Lines,
    /// Each has its flags and its length before it, as gRPC and Connect have it.
    Envelopes,
}

/// The pieces of a body, in their order.
pub(crate) struct Pieces {
    framing: Framing,
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer is known to have no end of a line.
    searched: usize,
    /// How many pieces have been read.
    count: usize,
    bytes_max: usize,
    ended: bool,
}

/// A piece, or what is wrong with it alone.
pub(crate) type Piece = Result<Bytes, Fault>;

impl Pieces {
    pub(crate) fn new(framing: Framing, body: Body, bytes_max: usize) -> Self {
        Self {
            framing,
            body,
            buffer: BytesMut::new(),
            searched: 0,
            count: 0,
            bytes_max,
            ended: false,
        }
    }

    pub(crate) fn framing(&self) -> Framing {
        self.framing
    }

    /// Where the piece stands that was read last, in the words of a refusal.
    pub(crate) fn place(&self) -> String {
        match self.framing {
            Framing::Lines => format!("line {}", self.count),
            Framing::Envelopes => format!("message {}", self.count),
        }
    }

    /// The next piece. One that is too long is passed over where it refuses itself alone; else it ends the reading.
    pub(crate) async fn next(&mut self, passes_over: bool) -> Result<Option<Piece>, RestError> {
        match self.framing {
            Framing::Lines => self.next_line(passes_over).await,
            Framing::Envelopes => self.next_envelope().await,
        }
    }

    async fn next_line(&mut self, passes_over: bool) -> Result<Option<Piece>, RestError> {
        let mut is_too_long = false;
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', unsearched) {
                let line = self.buffer.split_to(self.searched.saturating_add(end)).freeze();
                self.buffer.advance(1);
                return Ok(Some(self.counted(line, is_too_long)));
            }
            self.searched = self.buffer.len();
            if self.searched > self.bytes_max {
                if !passes_over {
                    return Err(RestError::too_large(self.bytes_max));
                }
                is_too_long = true;
                self.buffer.clear();
                self.searched = 0;
            }
            if self.ended {
                let line = self.buffer.split().freeze();
                return Ok((is_too_long || !line.is_empty()).then(|| self.counted(line, is_too_long)));
            }
            self.read_on().await?;
        }
    }

    async fn next_envelope(&mut self) -> Result<Option<Piece>, RestError> {
        while self.buffer.len() < ENVELOPE_BYTES {
            if self.ended {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(broken_off()),
                };
            }
            self.read_on().await?;
        }
        let mut envelope = self.buffer.split_to(ENVELOPE_BYTES);
        let (flags, length) = (envelope.get_u8(), envelope.get_u32());
        if flags != 0 {
            let message = "a message has flags that are not read here: send it as it is, without compression";
            return Err(Fault::invalid("", message).into());
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.bytes_max {
            return Err(RestError::too_large(self.bytes_max));
        }
        while self.buffer.len() < length {
            if self.ended {
                return Err(broken_off());
            }
            self.read_on().await?;
        }
        let message = self.buffer.split_to(length).freeze();
        Ok(Some(self.counted(message, false)))
    }

    async fn read_on(&mut self) -> Result<(), RestError> {
        match self.body.frame().await {
            Some(Ok(frame)) => self.buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(status)) => return Err(status.into()),
            None => self.ended = true,
        }
        Ok(())
    }

    fn counted(&mut self, piece: Bytes, is_too_long: bool) -> Piece {
        self.searched = 0;
        self.count = self.count.saturating_add(1);
        match is_too_long || piece.len() > self.bytes_max {
            true => Err(Fault::invalid(
                "",
                format!("a line has at most {} bytes", self.bytes_max),
            )),
            false => Ok(piece),
        }
    }
}

fn broken_off() -> RestError {
    Fault::invalid("", "the body ends within a message").into()
}
