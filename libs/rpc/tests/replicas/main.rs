//! A peer of several replicas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod coming_and_going;
mod failing;
mod replica;
mod silent;
