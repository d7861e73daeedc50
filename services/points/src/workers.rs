//! What the ledger does without being called.

mod post_due;
mod reconcile;

pub(crate) use post_due::PostDue;
pub(crate) use reconcile::Reconcile;
