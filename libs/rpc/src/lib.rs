//! Calls between callers and services: one meaning, whether the peer shares the process or not.
//!
//! - [`Channel`] is the transport of every generated client. Local or remote, request extensions do not cross, deadlines
//!   hold and surface as `DEADLINE_EXCEEDED`, and dropping a call drops its work. A remote one stands over a set of
//!   addresses that changes, and each call goes to one of them.
//! - [`Transport`] says how other processes are called: in plain text, or over TLS where both sides show a certificate, as
//!   [`incoming`] takes their connections.
//! - [`serve`] wraps the routes of a service with what every method owes: trace, deadline, load shedding, panic guard,
//!   authentication and the policy that the contract declares. Shape rules are checked at decoding (see `contracts`).
//! - A [`Contract`] knows its methods; one that leaves policy or idempotency open is refused.
//! - [`answer`] turns a handler into an answer: a lost race is run again, a [`fault::Fault`] becomes a status;
//!   [`serve_methods!`] does so for all methods of a service.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod address;
mod call;
mod channel;
mod credential;
mod deadline;
mod explained;
mod health;
mod incoming;
mod peers;
mod remote;
mod repeat;
mod retry;
mod serve_methods;
mod stack;
mod switchboard;
mod transport;
mod unread;

pub use address::{Address, NoAddress};
pub use call::{Call, accept, answer};
pub use channel::Channel;
pub use contracts::{Access, Contract, Method, MethodFault, Methods};
pub use credential::{PRINCIPAL_HEADER, Signer};
pub use deadline::{CONNECT_TIMEOUT_HEADER, deadline, passed, remaining, timeout, within};
pub use explained::explained;
pub use health::{Health, HealthServer};
pub use incoming::{Connection, incoming};
pub use peers::{Peer, Peers};
pub use remote::unknown_peer;
pub use retry::retry;
pub use stack::{Stack, permit, serve};
pub use switchboard::Switchboard;
#[doc(hidden)] // for serve_methods
pub use tonic;
pub use transport::{Transport, tls_name};
pub use unread::read_out;
