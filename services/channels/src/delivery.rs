//! Facts on their way to subscriptions.
//!
//! Of the facts that a subscription wants, those of one subject from one service are told in their order: the next one waits
//! until the one before is taken. The others pass.

mod deliver;
mod hear;
mod list_webhook_deliveries;
mod listeners;
mod pace;
mod pause;
mod rows;
mod send;
mod send_test_delivery;
mod service;
mod signature;
mod tidy;
mod wire;

use std::time::Duration;

use kernel::{Id, Kind, Tenant, Time};

use crate::fact::telling::Telling;
use crate::subscription::Webhook;

pub(crate) use deliver::Deliver;
pub(crate) use hear::{HEARD, HEARD_OF_ONESELF, hear, hear_oneself};
pub(crate) use listeners::Listeners;
pub(crate) use rows::hasten;
pub(crate) use send::{Sender, WHOLE_TIMEOUT};
pub(crate) use tidy::Tidy;

/// The deadlines of deliveries, and their worker.
pub(crate) const DELIVERIES: &str = "channels.deliver";
/// How long a delivery is tried, and kept after it was taken.
pub(crate) const TRIED_FOR: Duration = Duration::from_hours(72);

/// The kind of a delivery's id.
#[derive(Debug)]
pub(crate) enum Webhooked {}

impl Kind for Webhooked {
    const PREFIX: &'static str = "whd";
    const NOUN: &'static str = "webhook delivery";
}

/// Whose a delivery is.
pub(crate) type Receiver = (Tenant, Id<Webhook>);

/// Which delivery: whose, and the fact's place in the stream of its service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) receiver: Receiver,
    pub(crate) stream: String,
    pub(crate) position: i64,
}

/// A fact that a subscription wants, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) key: Key,
    pub(crate) id: Id<Webhooked>,
    pub(crate) told: Telling,
    pub(crate) state: State,
    pub(crate) attempts: i64,
    pub(crate) first_try: Option<Time>,
    pub(crate) last: Option<LastTry>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Behind an earlier one of its subject.
    Waiting,
    /// Tried at this time.
    Due(Time),
    Delivered,
}

/// The last try as it stands with its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastTry {
    pub(crate) start: Time,
    pub(crate) code: i64,
    pub(crate) took: Duration,
    pub(crate) answer: String,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) start: Time,
    pub(crate) took: Duration,
    /// The status of the answer; none where there was no answer.
    pub(crate) code: Option<u16>,
    /// What went wrong; none where the delivery was taken.
    pub(crate) failure: Option<String>,
    /// How the answer's body begins.
    pub(crate) answer: String,
    /// After how long the receiver wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

/// What follows from a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// Tried again at this time.
    Again(Time),
    /// Tried again when somebody has looked at the receiver: it wants nothing any more, or cannot be reached.
    Disable(crate::subscription::DisableReason),
}

impl State {
    /// As a row has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Due(_) => "due",
            Self::Delivered => "delivered",
        }
    }
}

impl Delivery {
    /// A fact that nobody was told yet, behind whatever is before it.
    pub(crate) fn new(key: Key, id: Id<Webhooked>, told: Telling) -> Self {
        Self {
            key,
            id,
            told,
            state: State::Waiting,
            attempts: 0,
            first_try: None,
            last: None,
        }
    }

    /// How it stands after a try.
    pub(crate) fn tried(&self, attempt: &Attempt, state: State) -> Self {
        let last = LastTry {
            start: attempt.start,
            code: attempt.code.map_or(0, i64::from),
            took: attempt.took,
            answer: attempt.answer.clone(),
        };
        Self {
            state,
            attempts: self.attempts.saturating_add(1),
            first_try: self.first_try.or(Some(attempt.start)),
            last: Some(last),
            ..self.clone()
        }
    }
}

impl Attempt {
    /// A try without an answer.
    fn failed(start: Time, took: Duration, failure: String) -> Self {
        Self {
            start,
            took,
            code: None,
            failure: Some(failure),
            answer: String::new(),
            retry_after: None,
        }
    }
}
