//! The tables.

mod migrations;

use kernel::Tenant;
use uuid::Uuid;

pub use migrations::migrations;

/// Where a secret of a tenant's thing is stored, as it is sealed with it.
pub(crate) fn place_of(tenant: Tenant, id: Uuid) -> Vec<u8> {
    [tenant.uuid().into_bytes(), id.into_bytes()].concat()
}
