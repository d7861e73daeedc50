//! The audit log: the administrative calls of a tenant, in a chain that shows whether it was tampered with.
//!
//! - A call is written before it is made, and refused where it cannot be: what nobody could see must not happen. How it ended
//!   is written after it. A call without an outcome is one of which the gateway did not live to see the end.
//! - Entries and outcomes of a tenant are links of one chain ([`link`]): each has the SHA-256 of the one before and of its own
//!   columns. The last link also stands in a row of its own, so that a tail that was cut off is missed. Who can write to the
//!   database can write both; against that helps what [`verify()`] told earlier, kept elsewhere.
//! - Calls that the caller's scopes do not allow change nothing and are not written: anybody with a key could fill the log.

pub(crate) mod call;
pub(crate) mod link;
mod list_audit_entries;
pub(crate) mod log;
pub(crate) mod resources;
pub(crate) mod rows;
mod verify;
mod wire;

use contracts_gateway::v1::audit_service_server::AuditService;
use contracts_gateway::v1::{ListAuditEntriesRequest, ListAuditEntriesResponse};

use crate::api::GatewayApi;

pub use verify::{Anchor, Break, Cause, Chain, verify};

rpc::serve_methods! {
    impl AuditService for GatewayApi {
        list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
    }
}
