//! What tagging does about the facts of identity and rights.

use std::collections::BTreeMap;

use events::Envelope;
use kernel::Tenant;

/// The facts of each tenant, in their order.
pub(crate) fn by_tenant(facts: &[Envelope]) -> BTreeMap<Tenant, Vec<&Envelope>> {
    let mut tenants: BTreeMap<Tenant, Vec<&Envelope>> = BTreeMap::new();
    for fact in facts {
        tenants.entry(fact.tenant).or_default().push(fact);
    }
    tenants
}
