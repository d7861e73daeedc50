//! The gateway's tables: tenants, their API keys, the hashes of the keys' secrets, the audit log, what callers have left of their limits.

mod migrations;

pub use migrations::migrations;
