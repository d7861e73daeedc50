//! A shop that stands on the SDK for Rust.

pub mod sale;
