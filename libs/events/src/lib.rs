//! The way of a fact from an outbox to its consumers: at least once on the wire, once in effect.
//!
//! A producer's outbox gives its facts positions without a gap ([`sequencer`]) and shows them to its peers ([`feed`]). A
//! consumer pulls them in order from a [`Source`] and applies them in a transaction that also moves its position
//! ([`consume`]): whatever crashes, each fact has taken effect once. Positions have no gaps, so a loss is seen.
//!
//! Sources come from [`Facts`], the one door: [`OutboxFacts`] where the producer shares the process, else [`PeerFacts`]. A
//! broker such as `JetStream` is another one. What every one of them must hold to is in `tests/one_meaning.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod consumer;
mod feed;
mod outbox;
mod peer;
mod sequencer;
mod wire;

pub use consumer::{Consumer, consume, consume_from};
pub use feed::feed;
pub use outbox::{OutboxFacts, OutboxSource};
pub use peer::{PeerFacts, PeerSource};
pub use runtime::{Envelope, Facts, Source};
pub use sequencer::sequencer;
