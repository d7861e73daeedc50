//! The filters of pages.

use kernel::Tenant;

/// The filter of a list for its page tokens. The parts cannot run into each other.
pub(crate) fn filter(tenant: Tenant, list: &str, parts: &[&str]) -> Vec<u8> {
    let mut filter = tenant.uuid().as_bytes().to_vec();
    for part in std::iter::once(&list).chain(parts) {
        filter.extend_from_slice(part.as_bytes());
        filter.push(0);
    }
    filter
}
