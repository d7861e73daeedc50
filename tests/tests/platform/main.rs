//! The whole platform, embedded, through the gateway over TCP; and what holds for the code and the contracts as a whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic
)]

mod architecture;
mod auth_matrix;
mod batch_over_rest;
mod callbacks;
mod connections;
mod contracts_promise;
mod host;
mod imports;
mod order_to_coupon;
mod pitfalls;
mod place;
mod rooms;
mod statements;
mod tenants;
mod texts;
mod till;
mod times;
mod unreadable_items;
mod who_may_call;
