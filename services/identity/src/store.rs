//! The tables of identity.

mod identifiers;
mod migrations;

pub use identifiers::IDENTIFIERS;
pub use migrations::migrations;
