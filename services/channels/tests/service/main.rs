//! What channels promises, asked over its real server stack.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod brand;
mod subscriptions;
