//! Rules as the services use them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod explains;
mod language;
mod properties;
mod reads;
mod refusals;
mod shop;
