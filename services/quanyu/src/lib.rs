//! The binary: every service in one process or in many, the demo, imports, and the doctor.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod admin;
mod api;
pub mod audit;
pub mod backup;
mod certificates;
pub mod cli;
pub mod clock;
pub mod config;
mod connections;
pub mod demo;
pub mod doctor;
mod folder;
pub mod import;
pub mod keys;
mod ledger;
mod listening;
mod machine;
mod metrics;
pub mod migrate;
pub mod moving;
mod opening;
mod outside;
pub mod parked;
pub mod platform;
mod progress;
pub mod roles;
mod serve;
pub mod terminal;
mod up;
