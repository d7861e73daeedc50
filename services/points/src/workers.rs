//! What the ledger does without being called.

mod confirm_pending;
mod expire_lots;
mod reconcile;
mod release_holds;

pub(crate) use confirm_pending::ConfirmPending;
pub(crate) use expire_lots::ExpireLots;
pub(crate) use reconcile::Reconcile;
pub(crate) use release_holds::ReleaseHolds;
