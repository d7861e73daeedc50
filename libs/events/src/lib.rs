//! The way of a fact from an outbox to its consumers: at least once on the wire, once in effect.
//!
//! A producer's outbox gives its facts positions without a gap ([`sequencer`]) and shows them to its peers ([`feed`]). A
//! consumer pulls them in order from a [`Source`] and applies them in a transaction that also moves its position
//! ([`consume`]): whatever crashes, each fact has taken effect once. Positions have no gaps, so a loss is seen.
//!
//! A source reads the producer's outbox: directly, where the producer shares the process, else by a call. A broker such
//! as `JetStream` fits the same trait: pull after a position, wait for more.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod consumer;
mod envelope;
mod feed;
mod sequencer;
mod source;

pub use consumer::{Consumer, consume, consume_from};
pub use envelope::Envelope;
pub use feed::feed;
pub use sequencer::sequencer;
pub use source::{OutboxSource, PeerSource, Source};
