use contracts_channels::v1 as wire;
use fault::Fault;
use kernel::Time;

use super::{Kept, MessageId, State};

/// The id that a request names; one that is none is of no message.
pub(crate) fn message_id(text: &str) -> Result<MessageId, Fault> {
    text.parse().map_err(|_| not_found(text))
}

pub(crate) fn not_found(id: impl ToString) -> Fault {
    Fault::not_found("channel message", id)
}

/// A message as the contract shows it.
pub(crate) fn message(kept: &Kept) -> wire::ChannelMessage {
    wire::ChannelMessage {
        message_id: kept.id.to_string(),
        account_id: kept.account_id.to_string(),
        source_id: kept.message.source_id.clone(),
        kind: kept.message.kind.clone(),
        state: state(kept.state).into(),
        problem: kept.problem.clone(),
        content: kept.message.content.to_string(),
        event_time: kept.message.event_time.map(Time::to_wire),
        receive_time: Some(kept.receive_time.to_wire()),
        settle_time: kept.settle_time.map(Time::to_wire),
    }
}

fn state(state: State) -> wire::ChannelMessageState {
    match state {
        State::Received => wire::ChannelMessageState::Received,
        State::HandedOn => wire::ChannelMessageState::HandedOn,
        State::NotUnderstood => wire::ChannelMessageState::NotUnderstood,
        State::Refused => wire::ChannelMessageState::Refused,
    }
}

/// The state that a request asks for; none: all of them.
pub(crate) fn wanted(state: wire::ChannelMessageState) -> Option<State> {
    match state {
        wire::ChannelMessageState::Unspecified => None,
        wire::ChannelMessageState::Received => Some(State::Received),
        wire::ChannelMessageState::HandedOn => Some(State::HandedOn),
        wire::ChannelMessageState::NotUnderstood => Some(State::NotUnderstood),
        wire::ChannelMessageState::Refused => Some(State::Refused),
    }
}
