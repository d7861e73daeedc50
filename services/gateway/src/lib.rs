//! One address for gRPC and REST, and the keys that open it.
//!
//! - [`Gateway`] knows no method by name, but for the one that takes what platforms send as it came. What else it
//!   serves, under which REST address, to whom and how it is documented follows from the descriptors of the contracts alone, and
//!   two methods with one address stop the start.
//! - A request is let in by an API key. Of its secret only a hash is kept; a revoked key is refused within a second. The
//!   services get a signed principal in its place, never the key, and decide themselves what it may do.
//! - gRPC is passed through as raw bodies, and so are gRPC-Web and Connect, once they are gRPC; REST is the standard JSON mapping of protobuf, its errors are
//!   `google.rpc.Status` as JSON.
//! - [`service`] is the gateway's own service, of tenants and API keys, served like every other. A secret is answered once
//!   and is never stored, not even in the answer that a repeated request gets: it has everything but the secret. A
//!   caller who lost the first answer rotates the key.
//!
//! The rooms:
//! - `edge`: the listener, gRPC pass-through and gRPC-Web, CORS, probes, reflection and the access log.
//! - `connect`: Connect to gRPC and back.
//! - `contract`: the methods, routes and scopes that the descriptors declare.
//! - `rest`: HTTP and JSON to messages and back.
//! - `openapi`: the document of the REST addresses.
//! - `audit`: the log of administrative calls, and the proof that it is whole.
//! - `limit`: how many requests a caller may make, over all replicas.
//! - `key`: API keys, their secrets and scopes; the keyring that admits callers; the operator's commands.
//! - `tenant`: tenants, and the first tenant of a platform.
//! - `recent`: what is kept in mind of keys, tokens and callers, as many as fit.
//! - `store`: the tables.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod api;
pub mod audit;
mod caller;
mod connect;
mod contract;
mod edge;
mod key;
mod limit;
mod openapi;
mod recent;
mod rest;
mod role;
mod store;
mod tenant;
mod token;

use contracts_gateway::v1::api_key_service_server::ApiKeyServiceServer;
use contracts_gateway::v1::audit_service_server::AuditServiceServer;
use contracts_gateway::v1::tenant_service_server::TenantServiceServer;
use runtime::{Deps, Service};
use tonic::service::Routes;

use crate::api::GatewayApi;

pub use crate::contract::ContractError;
pub use crate::edge::{ConnectionLimits, Exposure, Gateway, GatewayConfig, GatewayDeps, check_origin};
pub use crate::key::operator;
pub use crate::key::secret::{Secret, WeakSecret};
pub use crate::limit::RequestLimits;
pub use crate::rest::{Spelling, Transcoder, read_message, spelling};
pub use crate::role::Role;
pub use crate::store::migrations;
pub use crate::tenant::bootstrap::{Beginning, FirstKey, FirstSecret, bootstrap, tenants};
pub use crate::token::{Issuer, IssuerSettings, IssuerStandings};

/// The service's name, and its schema's.
pub const NAME: &str = "gateway";

/// The service of tenants and API keys.
pub fn service(deps: Deps) -> Service {
    let api = GatewayApi::new(deps.clock, deps.db.clone());
    let routes = Routes::new(ApiKeyServiceServer::new(api.clone()))
        .add_service(AuditServiceServer::new(api.clone()))
        .add_service(TenantServiceServer::new(api));
    Service {
        name: NAME,
        contract: &contracts_gateway::CONTRACT,
        routes,
        workers: Vec::new(),
        db: deps.db,
    }
}
