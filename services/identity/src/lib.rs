//! One member over all channels.
//!
//! What this service guarantees:
//! - A verified identity is one member's, by the rules of [`crate::graph::recognition`] and by the key of its table.
//! - The same arrival leads to the same member, however often, in whatever order and however concurrently it comes.
//! - An identity never moves from one member to another but by a merge, and a merge forgets no id: the id of
//!   an absorbed member leads to its survivor, in every method, until the merge is undone. Then the two stay two persons,
//!   whatever evidence says.
//! - Every change is told: member registered, updated, merged, merge undone, in the transaction of the change.
//!
//! The rooms, each with its methods, decisions, rows and words:
//! - `channel`: the places where members turn up, and how far their values are trusted.
//! - `graph`: members and their identities: recognition, linking, merging, undoing, and the facts of all this.
//! - `profile`: the fields of a person, with the source of each value.
//! - `blocked_value`: values that stand for nobody in a tenant.
//! - `bulk`: imports of members.
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
mod blocked_value;
mod bulk;
mod channel;
mod graph;
mod profile;
mod store;

use contracts_identity::v1::blocked_value_service_server::BlockedValueServiceServer;
use contracts_identity::v1::channel_service_server::ChannelServiceServer;
use contracts_identity::v1::member_service_server::MemberServiceServer;
use runtime::{Deps, Service};
use tonic::service::RoutesBuilder;

use crate::api::IdentityApi;
pub use crate::store::{IDENTIFIERS, migrations};

/// The service's name, by which its peers know it.
pub const NAME: &str = "identity";

/// For how many days a merge can be undone, unless it is set otherwise.
pub const UNDO_DAYS: u32 = 30;

/// The service on its dependencies.
pub fn service(deps: Deps) -> Service {
    service_with(deps, UNDO_DAYS)
}

/// The service, with so many days in which a merge can be undone.
pub fn service_with(deps: Deps, undo_days: u32) -> Service {
    let Deps { clock, db, .. } = deps;
    let api = IdentityApi::new(clock, db.clone(), undo_days);
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(BlockedValueServiceServer::new(api.clone()))
        .add_service(ChannelServiceServer::new(api.clone()))
        .add_service(MemberServiceServer::new(api))
        .add_service(::events::feed(db.clone()));
    Service {
        name: NAME,
        contract: &contracts_identity::CONTRACT,
        routes: routes.routes(),
        workers: vec![::events::sequencer(db.clone())],
        db,
    }
}
