//! What the systems of a brand are told, and what they tell in protocols of their own.
//!
//! What this service guarantees:
//! - A secret is shown when it is made and never again; where the platform has a key for them, the database holds secrets
//!   sealed under it.
//! - What a subscription wants is kept in the transaction that moves the position in the stream of facts: nothing is lost, and
//!   each fact is kept once. It is sent until the receiver has taken it, under one id, so that a receiver knows what it has
//!   been told already.
//! - Facts of one subject from one service are told in their order: the next one waits for the one before.
//! - A receiver that hangs or fails delays nobody else.
//! - Nothing is sent to an address that is not public, unless the platform's operator has allowed its network; what was judged
//!   is what is connected to.
//! - A subscription's filter is right for every type of fact that it wants: what could not be judged is refused when it is
//!   saved.
//!
//! The rooms:
//! - `subscription`: what a system wants to be told, where, and the secrets that it is signed with.
//! - `fact`: the facts of the platform, by their names, and conditions on them.
//! - `delivery`: facts on their way to those who want them.
//! - `stream`: facts for those who keep a place in them.
//! - `guard`: where the platform sends to.
//! - `sealing`: secrets as the database holds them.
//! - `store`: the tables.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod api;
mod delivery;
mod fact;
mod guard;
mod sealing;
mod settings;
mod store;
mod stream;
mod subscription;

use contracts_channels::v1::fact_stream_service_server::FactStreamServiceServer;
use contracts_channels::v1::webhook_delivery_service_server::WebhookDeliveryServiceServer;
use contracts_channels::v1::webhook_subscription_service_server::WebhookSubscriptionServiceServer;
use runtime::{Deps, Service, Worker};
use tonic::service::Routes;

use crate::delivery::{Deliver, Listeners, Tidy, hear, hear_oneself};

pub use crate::guard::{Names, Network, NoNetwork};
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
        sender: settings.sender(clock),
        facts: std::sync::Arc::clone(&deps.facts),
        places: stream::Places::new(clock.uuid()),
    };
    let listeners = Listeners::default();
    let mut workers: Vec<Box<dyn Worker>> = vec![
        events::sequencer(db.clone()),
        hear_oneself(&deps, &listeners),
        Box::new(Deliver::new(&deps, api.sealer.clone(), api.sender.clone())),
        Box::new(Tidy::new(&deps)),
    ];
    workers.extend(hear(&deps, &listeners));
    let routes = Routes::new(events::feed(db.clone()))
        .add_service(WebhookSubscriptionServiceServer::new(api.clone()))
        .add_service(WebhookDeliveryServiceServer::new(api.clone()))
        .add_service(FactStreamServiceServer::new(api));
    Service {
        name: NAME,
        contract: &contracts_channels::CONTRACT,
        routes,
        workers,
        db: db.clone(),
    }
}
