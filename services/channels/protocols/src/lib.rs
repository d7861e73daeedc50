//! What platforms send, and whether it is true: bytes in, messages and refusals out. No I/O, no clock, no store, no wire.
//!
//! A service hands a [`Request`] as it came over the wire, with the account's secrets and the time, to the protocol's
//! `receive`. What comes back is a [`Received`]: a platform's check of the address, with its answer, or a [`Message`] with
//! the answer that the platform expects. Anything else is a [`Refusal`], of which nothing is kept but the count.
//!
//! - Signatures are verified over the raw body, in constant time, with each of the secrets that are valid, before anything
//!   of the body is read further than the signature needs. Times beyond [`WINDOW`] are stale.
//! - XML is read by [`xml::read`]: a document type or an entity of its own is refused at once; bytes, depth and elements
//!   are bounded. JSON is bounded likewise.
//! - A [`Message`] keeps every field that came, known or not. What it means is a second step ([`Meaning`]), which can be
//!   done again after a mapping has been mended.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

pub mod douyin;
pub mod envelope;
mod fields;
mod message;
mod refusal;
mod request;
mod signature;
pub mod tmall;
pub mod webhook;
pub mod wechat;
pub mod wechat_pay;
pub mod wecom;
pub mod xml;

pub use message::{
    Activity, Arrival, Card, Evidence, EvidenceKind, Meaning, Membership, Message, NotUnderstood, Outcome, Received,
    Reply,
};
pub use refusal::Refusal;
pub use request::{BODY_BYTES_MAX, Method, Request, SECRETS_MAX, WINDOW};
