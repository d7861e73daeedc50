//! What the ledger does without being called.

mod expire_lots;
mod release_holds;

pub(crate) use expire_lots::ExpireLots;
pub(crate) use release_holds::ReleaseHolds;
