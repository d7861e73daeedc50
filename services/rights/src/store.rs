//! The tables of this service.
//!
//! A transaction that touches several of them locks in this order: members (sorted), then a template, then the rest.

mod identifiers;
mod migrations;

pub use identifiers::IDENTIFIERS;
pub use migrations::migrations;
