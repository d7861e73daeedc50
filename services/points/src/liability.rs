//! Liability: what the brand owes its members, and what it will never have to pay.

pub(crate) mod counters;
mod get_breakage;
mod get_liability;
mod list_liabilities;
