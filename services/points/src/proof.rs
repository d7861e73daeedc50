//! Proof: every balance is the sum of its entries, and every sum is counted again.

mod get_reconciliation;
mod miscounts;
mod pace;
pub(crate) mod prove_counters;
pub(crate) mod reconcile;
mod reconcile_accounts;
pub(crate) mod reconcile_rows;
pub(crate) mod reconciliations;
pub(crate) mod rows;
mod start_reconciliation;
mod sum_pages;
pub(crate) mod sum_walk;
pub(crate) mod wire;
