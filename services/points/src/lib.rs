//! The ledger of every member asset.
