//! The schema of the ledger, step by step, and what its rows share. The statements on a table lie in the room of its noun;
//! everything that changes a balance goes through `posting::load` and `posting::apply`.

pub(crate) mod identifiers;
pub(crate) mod migrations;
pub(crate) mod row;

pub(crate) use identifiers::IDENTIFIERS;
pub(crate) use migrations::migrations;
