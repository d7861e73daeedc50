//! The gateway from outside: over TCP, with services that are played behind the real server stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod access_log;
mod api_keys;
mod audit;
mod authentication;
mod bodies;
mod connect;
mod connections;
mod cors;
mod docs;
mod early_answers;
mod exposure;
mod first_key;
mod grpc;
mod grpc_web;
mod http;
mod limits;
mod operator;
mod platform;
mod played;
mod reflection;
mod rest;
mod spelling;
mod streams;
mod tenants;
mod tls;
mod tokens;
mod transport;
