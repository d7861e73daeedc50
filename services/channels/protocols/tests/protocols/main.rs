//! What platforms send: published vectors, refusals, and that nothing panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod envelopes;
mod memberships;
mod payments;
mod webhooks;
mod xml;
