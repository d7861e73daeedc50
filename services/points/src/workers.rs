//! What the ledger does without being called.

mod expire_lots;

pub(crate) use expire_lots::ExpireLots;
