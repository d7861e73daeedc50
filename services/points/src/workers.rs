//! What the ledger does without being called.

mod pace;
mod post_due;
mod prove_counters;
mod reconcile;

pub(crate) use post_due::PostDue;
pub(crate) use prove_counters::ProveCounters;
pub(crate) use reconcile::Reconcile;

/// The queue of accounts with a hold whose deadline has passed, by their names.
pub(crate) const RELEASE_HOLDS: &str = "points.release_holds";
