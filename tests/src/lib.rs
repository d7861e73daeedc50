//! A caller from outside: generated clients and REST over TCP, a brand to work with, and the story that every shape of the
//! platform must tell alike, in one process or in many.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc
)]

mod api;
pub mod brand;
mod patience;
mod rest;
pub mod story;

pub use api::{Api, Connection, reason};
pub use patience::{eventually, until};
pub use rest::{Answer, Rest};
