//! The gateway's tables: tenants, their API keys, the hashes of the keys' secrets, the audit log.

mod migrations;

pub use migrations::migrations;
