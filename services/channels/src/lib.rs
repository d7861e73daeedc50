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
//! - A message of a platform is taken by its signature alone, over the raw body; it is kept once by the platform's id, for ever,
//!   before it is answered, and handed on afterwards, whatever is away meanwhile. Of what is not true nothing is kept but
//!   the count.
//! - What is not understood is kept, listed, and handed on anew once its mapping has been mended.
//!
//! The rooms:
//! - `account`: accounts at platforms, their secrets, and how each of their protocols is spoken.
//! - `message`: what platforms have sent, and how it is handed on.
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

mod account;
mod api;
mod delivery;
mod fact;
mod guard;
mod message;
mod sealing;
mod settings;
mod store;
mod stream;
mod subscription;

use contracts_channels::v1::callback_service_server::CallbackServiceServer;
use contracts_channels::v1::channel_account_service_server::ChannelAccountServiceServer;
use contracts_channels::v1::channel_message_service_server::ChannelMessageServiceServer;
use contracts_channels::v1::fact_stream_service_server::FactStreamServiceServer;
use contracts_channels::v1::webhook_delivery_service_server::WebhookDeliveryServiceServer;
use contracts_channels::v1::webhook_subscription_service_server::WebhookSubscriptionServiceServer;
use runtime::{Deps, Service, Worker};
use tonic::service::Routes;

use crate::delivery::{Deliver, Listeners, Tidy, hear, hear_oneself};
use crate::message::HandOn;
use crate::message::handing::Handing;

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
    let Deps {
        clock, db, peers, red, ..
    } = &deps;
    let handing = Handing::new(db, clock, peers);
    let api = api::ChannelsApi {
        clock: clock.clone(),
        db: db.clone(),
        sealer: settings.sealer(),
        sender: settings.sender(clock),
        facts: std::sync::Arc::clone(&deps.facts),
        places: stream::Places::new(clock.uuid()),
        red: red.clone(),
        handing: handing.clone(),
    };
    let listeners = Listeners::default();
    let mut workers: Vec<Box<dyn Worker>> = vec![
        events::sequencer(db.clone()),
        hear_oneself(&deps, &listeners),
        Box::new(Deliver::new(&deps, api.sealer.clone(), api.sender.clone())),
        Box::new(Tidy::new(&deps)),
        Box::new(HandOn::new(&deps, handing)),
    ];
    workers.extend(hear(&deps, &listeners));
    let routes = Routes::new(events::feed(db.clone()))
        .add_service(CallbackServiceServer::new(api.clone()))
        .add_service(ChannelAccountServiceServer::new(api.clone()))
        .add_service(ChannelMessageServiceServer::new(api.clone()))
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
