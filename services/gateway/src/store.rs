//! The gateway's tables: tenants, their API keys, the hashes of the keys' secrets.

pub(crate) mod migrations;

pub(crate) use migrations::all as migrations;
