//! What the systems of a brand are told, and what they tell in protocols of their own.
//!
//! What this service guarantees:
//! - A secret is shown when it is made and never again; where the platform has a key for them, the database holds secrets
//!   sealed under it.
//! - A subscription's filter is right for every type of fact that it wants: what could not be judged is refused when it is
//!   saved.
//!
//! The rooms:
//! - `subscription`: what a system wants to be told, where, and the secrets that it is signed with.
//! - `fact`: the facts of the platform, by their names, and conditions on them.
//! - `sealing`: secrets as the database holds them.
//! - `store`: the tables.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod api;
mod fact;
mod sealing;
mod settings;
mod store;
mod subscription;

use contracts_channels::v1::webhook_subscription_service_server::WebhookSubscriptionServiceServer;
use runtime::{Deps, Service};
use tonic::service::Routes;

pub use crate::settings::Settings;
pub use crate::store::migrations;

/// The service's name: of its role, its stream of facts and its schema.
pub const NAME: &str = "channels";

/// The service as it is where nothing is set.
pub fn service(deps: Deps) -> Service {
    service_with(deps, Settings::default())
}

/// The service.
pub fn service_with(deps: Deps, settings: Settings) -> Service {
    let Deps { clock, db, .. } = &deps;
    let api = api::ChannelsApi {
        clock: clock.clone(),
        db: db.clone(),
        sealer: settings.sealer(),
    };
    let routes = Routes::new(events::feed(db.clone())).add_service(WebhookSubscriptionServiceServer::new(api));
    Service {
        name: NAME,
        contract: &contracts_channels::CONTRACT,
        routes,
        workers: vec![events::sequencer(db.clone())],
        db: db.clone(),
    }
}
