//! The gateway's tables: tenants, their API keys, the hashes of the keys' secrets.

pub(crate) mod api_keys;
mod migrations;
pub(crate) mod tenants;

pub(crate) use migrations::all as migrations;
