//! Accounts: a member's balance in one asset, its lots, and whether it is frozen.

pub(crate) mod balances;
mod freeze_account;
pub(crate) mod freezes;
mod get_balance;
mod list_balances;
mod list_frozen_accounts;
mod list_lots;
pub(crate) mod lots;
pub(crate) mod reading;
pub(crate) mod rows;
mod unfreeze_account;
pub(crate) mod wire;
