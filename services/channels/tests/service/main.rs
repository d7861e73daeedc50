//! What channels promises, asked over its real server stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod brand;
mod deliveries;
mod guard;
mod receiver;
mod replicas;
mod streams;
mod subscriptions;
mod trouble;
