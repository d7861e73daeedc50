//! What the ledger does without being called.

/// The queue of accounts with a hold whose deadline has passed, by their names.
pub(crate) const RELEASE_HOLDS: &str = "points.release_holds";
