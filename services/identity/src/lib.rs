//! One member over all channels.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod domain;
