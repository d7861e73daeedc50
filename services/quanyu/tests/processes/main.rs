//! The binary from outside: killed at any moment, stopped as operators stop it, one role in each process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic
)]

mod audit;
mod backup;
mod broken_off;
mod certificates;
mod clock;
mod command_line;
mod database_killed;
mod found_through_etcd;
mod keys;
mod kill_nine;
mod leadership;
mod linking;
mod migrate;
mod moving;
mod one_trace;
mod operating_document;
mod over_nats;
mod over_tls;
mod parked;
mod point_in_time;
mod process;
mod replicas_killed;
mod separate_processes;
mod server;
mod step_under_way;
mod storage;
mod texts;
mod two_replicas;
