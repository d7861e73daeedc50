//! Client of Quanyu, the member platform: members, points, coupons, tags and journeys.
//!
//! A [`Client`] has the platform's services by name; each method takes the request of its contract. Calls that are safe to
//! repeat are repeated with the same request id, so that each has its effect once.

mod attempts;
mod budget;
mod call;
mod client;
mod error;
mod key;
mod money;
mod pages;
mod stream;
mod tls;
mod webhook;

/// The messages, as the build wrote them. Their documentation is the contracts' own comments.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    rustdoc::all
)]
mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

/// The services, likewise.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction, rustdoc::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/services.rs"));
}

pub use call::{Asked, Call, new_request_id};
pub use client::{Client, Options};
pub use error::{Error, Failure, Violation};
pub use generated::*;
pub use key::Key;
pub use money::{MoneyError, decimals, money, money_text};
pub use pages::{Items, Listed, Page};
pub use prost_types::Timestamp;
pub use stream::Answers;
pub use tls::Tls;
pub use tonic::Code;
pub use webhook::{Webhook, WebhookError, verify_webhook, verify_webhook_at};
