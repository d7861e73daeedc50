//! Tagging as its callers see it: the real routes behind the real server stack, on both databases, with a clock that is
//! turned by hand and an identity that is played.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![allow(missing_docs, clippy::too_many_lines)]

mod activities;
mod conflicts;
mod growth;
mod identity;
mod merges;
mod orders;
mod poison;
mod random;
mod refusals;
mod replicas;
mod segments;
mod stream;
mod summary;
mod tags;
mod texts;
mod times;
mod together;
mod windows;
mod world;
