//! Facts over a real NATS: whatever it loses and whoever is killed, each fact takes effect once, in its order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod applied;
mod lost;
mod published;
mod world;
