//! What platforms have sent: kept once, answered, and handed on.

mod get_channel_message;
mod hand_on;
pub(crate) mod handing;
mod list_channel_messages;
mod memberships;
mod peers;
mod receive_callback;
mod refused;
mod replay_channel_messages;
pub(crate) mod rows;
mod service;
mod wire;

use kernel::{Id, Kind, Time};

pub(crate) use hand_on::HandOn;

use crate::account::AccountId;

/// The kind of a message's id.
#[derive(Debug)]
pub(crate) enum MessageKind {}

impl Kind for MessageKind {
    const PREFIX: &'static str = "chm";
    const NOUN: &'static str = "channel message";
}

pub(crate) type MessageId = Id<MessageKind>;

/// A message that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) id: MessageId,
    pub(crate) account_id: AccountId,
    pub(crate) message: channel_protocols::Message,
    pub(crate) state: State,
    pub(crate) problem: String,
    pub(crate) receive_time: Time,
    pub(crate) settle_time: Option<Time>,
    /// How often it has been taken up again: what peers are asked under an id is never another thing.
    pub(crate) replays: i64,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Received,
    HandedOn,
    NotUnderstood,
    Refused,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Received, Self::HandedOn, Self::NotUnderstood, Self::Refused];

    /// Its name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::HandedOn => "handed_on",
            Self::NotUnderstood => "not_understood",
            Self::Refused => "refused",
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was handed on; the member that it is of, where it is of one.
    HandedOn(Option<String>),
    /// It means nothing that could be handed on, and why.
    NotUnderstood(String),
    /// A peer refuses what it means, and why.
    Refused(String),
}

impl Settled {
    pub(crate) fn state(&self) -> State {
        match self {
            Self::HandedOn(_) => State::HandedOn,
            Self::NotUnderstood(_) => State::NotUnderstood,
            Self::Refused(_) => State::Refused,
        }
    }

    pub(crate) fn problem(&self) -> &str {
        match self {
            Self::HandedOn(_) => "",
            Self::NotUnderstood(problem) | Self::Refused(problem) => problem,
        }
    }
}
