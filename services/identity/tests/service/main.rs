//! The methods of identity, through the real server stack, on SQLite or on the PostgreSQL that
//! `QUANYU_TEST_DATABASE_URL` names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod batch;
mod blocked_values;
mod channels;
mod concurrency;
mod growth;
mod identities;
mod import;
mod lookup;
mod merge;
mod profile;
mod replay;
mod resolve;
mod tenants;
mod texts;
mod together;
mod undo;
mod world;
