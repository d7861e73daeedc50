//! What the ledger does without being called.

mod expire_lots;
mod reconcile;

pub(crate) use expire_lots::ExpireLots;
pub(crate) use reconcile::Reconcile;
