//! Statements: what happened on an account, and what it was worth when.

mod export;
mod get_balance_as_of;
mod get_statement;
mod list_entries;
mod list_expirations;
mod list_settlements;
mod rows;
