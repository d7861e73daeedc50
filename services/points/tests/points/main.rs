//! The ledger through its contract: the real routes, on SQLite, or on PostgreSQL where `QUANYU_TEST_DATABASE_URL` names
//! a server.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod adjustments;
mod assets;
mod brand;
mod capping;
mod constraints;
mod cost_centres;
mod currencies;
mod deadlines;
mod debts;
mod drafting;
mod earning;
mod expiry;
mod explaining;
mod exporting;
mod freezing;
mod growth;
mod holds;
mod inactivity;
mod lapsing;
mod merging;
mod migrating;
mod mixed;
mod multiplying;
mod pending;
mod pitfalls;
mod pool_holds;
mod pool_races;
mod pools;
mod posting;
mod proving;
mod proving_sums;
mod races;
mod reasons;
mod reconciling;
mod refunds;
mod request_ids;
mod reversing;
mod rules;
mod scheduling;
#[cfg(test)]
mod simulation;
mod spending;
mod statements;
mod sums;
mod tenants;
mod texts;
mod times;
mod together;
mod transfers;
mod undo_pools;
mod undoing;
