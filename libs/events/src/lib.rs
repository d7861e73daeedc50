//! The way of a fact from an outbox to its consumers: at least once on the wire, once in effect.
//!
//! A producer's outbox gives its facts positions without a gap ([`sequencer`]) and shows them to its peers ([`feed`]). A
//! consumer pulls them in order from a [`Source`] and applies them in a transaction that also moves its position
//! ([`consume`]): whatever crashes, each fact has taken effect once. Positions have no gaps, so a loss is seen.
//!
//! Sources come from [`Facts`], the one door: [`OutboxFacts`] where the producer shares the process, else [`PeerFacts`], or
//! [`JetStreamFacts`] over a broker. What every one of them must hold to is in `tests/one_meaning.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod consumer;
mod feed;
mod jetstream;
mod outbox;
mod peer;
mod sequencer;
mod wire;

pub use consumer::{Consumer, consume, consume_from};
pub use feed::feed;
pub use jetstream::{
    JetStream, JetStreamConfig, JetStreamFacts, JetStreamStanding, Login, Way, Window, is_nats_url, is_platform_name,
};
pub use outbox::{OutboxFacts, OutboxSource};
pub use peer::{PeerFacts, PeerSource};
pub use runtime::{Envelope, Facts, Source};
pub use sequencer::sequencer;
