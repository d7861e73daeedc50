//! Tenants: brands that share a platform and nothing else.

mod create_tenant;
mod get_tenant;
pub(crate) mod rows;
pub(crate) mod time_zone;
mod update_tenant;
