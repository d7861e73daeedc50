//! What channels promises, asked over its real server stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod brand;
mod callbacks;
mod deliveries;
mod guard;
mod memberships;
mod receiver;
mod replicas;
mod senders;
mod streams;
mod subscriptions;
mod trouble;
mod world;
