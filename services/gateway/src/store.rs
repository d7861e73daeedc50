//! The gateway's tables: tenants, their API keys, the hashes of the keys' secrets.

mod migrations;

pub use migrations::migrations;
