//! What a stream holds: a run of positions.

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Info, Stream};
use fault::Fault;

use super::{JetStream, trouble};

/// The positions that a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first one; behind the last where it holds none.
    pub first: i64,
    /// The last one that it was given.
    pub last: i64,
    /// How many in between are gone.
    pub missing: u64,
}

impl Window {
    pub(super) async fn of(nats: &JetStream, service: &str) -> Result<Option<Self>, Fault> {
        let stream = stream(nats, service).await?;
        stream.map(|stream| Self::read(stream.cached_info())).transpose()
    }

    pub(super) fn read(info: &Info) -> Result<Self, Fault> {
        let position = |sequence: u64| i64::try_from(sequence).map_err(Fault::internal);
        let last = position(info.state.last_sequence)?;
        // Of one that has never held any, the server says that it begins with 0.
        let first = match info.state.messages {
            0 => last.saturating_add(1),
            _ => position(info.state.first_sequence)?,
        };
        Ok(Self {
            first,
            last,
            missing: info.state.deleted_count.unwrap_or_default(),
        })
    }

    /// Why not everything that follows a position is in it, or will be; none where it is.
    pub(super) fn gap_after(&self, position: i64) -> Option<String> {
        if self.first > position.saturating_add(1) {
            return Some(format!("the stream begins with {}, behind {position}", self.first));
        }
        (self.missing > 0).then(|| format!("of the stream {} are gone", self.missing))
    }
}

/// A service's stream as it is now; none where there is none.
pub(super) async fn stream(nats: &JetStream, service: &str) -> Result<Option<Stream>, Fault> {
    match nats.0.context.get_stream(nats.names().stream(service)).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(told) if told.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            _ => Err(trouble(&format!("the stream of {service} cannot be looked at"), error)),
        },
    }
}

/// The id of the fact that a stream holds at a position; none of a message that is none of ours.
pub(super) async fn fact_at(stream: &Stream, position: i64) -> Result<Option<String>, Fault> {
    let message = stream
        .get_raw_message(u64::try_from(position).map_err(Fault::internal)?)
        .await;
    let message =
        message.map_err(|error| trouble(&format!("the fact at {position} of the stream cannot be read"), error))?;
    Ok(message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_tells_what_it_does_not_hold() {
        let window = |first, last, missing| Window { first, last, missing };
        assert_eq!(window(5, 9, 0).gap_after(4), None);
        assert_eq!(window(5, 9, 0).gap_after(20), None, "what follows will be in it");
        assert_eq!(
            window(10, 9, 0).gap_after(9),
            None,
            "it is empty, and goes on from here"
        );
        assert!(window(5, 9, 0).gap_after(3).is_some());
        assert!(window(5, 9, 1).gap_after(9).is_some(), "nobody knows which");
    }
}
