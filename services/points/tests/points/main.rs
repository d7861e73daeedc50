//! The ledger through its contract: the real routes, on SQLite, or on PostgreSQL where `QUANYU_TEST_DATABASE_URL` names
//! a server.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod assets;
mod brand;
mod constraints;
mod cost_centres;
mod earning;
mod expiry;
mod freezing;
mod merging;
mod races;
mod reasons;
mod reconciling;
mod refunds;
mod request_ids;
mod reversing;
mod rules;
mod spending;
mod statements;
mod tenants;
