//! Journeys that act on members: a fact lets a member enter, and from node to node conditions are decided, time is waited
//! for, points are granted, coupons issued and tags assigned.
//!
//! What this service guarantees:
//!
//! - A run follows the version that it entered, to its end: publishing changes nothing for who is under way.
//! - A member never has two runs of one journey at a time, and one fact begins one run at the most, however often and in
//!   whatever order facts arrive.
//! - Each step acts once. A run stands at its node before a peer is asked, and the ask is named by run, node and step, so
//!   that a crash at any moment repeats the same ask, which the peer answers with what it did.
//! - Nothing is lost to a peer that is away: the ask is repeated until there is an answer. A refusal is an answer; it is
//!   written into the run's path, and the run goes on where the node says.
//! - Time in a journey passes in waits alone, from the trigger's moment on. Where a run stands depends on what happened and
//!   when, not on how fast anything was processed.
//! - The figures of the nodes change in the transactions of the steps that they count.
//!
//! Its rooms:
//!
//! - [`journey`]: drafts, versions, definitions with their graphs and expressions, the figures of nodes.
//! - [`run`]: a member's way through a version, from step to step, and the runner of those that are due.
//! - [`fact`]: the facts that journeys hear, in one table; entering and waking.
//! - [`action`]: what peers are asked for: points, coupons, tags, segments.
//! - [`member`]: members that are merged or restored, with their runs.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod action;
mod api;
mod fact;
mod journey;
mod member;
mod run;
mod store;

use ::store::Tx;
use contracts_campaign::v1::journey_run_service_server::JourneyRunServiceServer;
use contracts_campaign::v1::journey_service_server::JourneyServiceServer;
use fault::Fault;
use kernel::{Id, Tenant, Time};
use runtime::{Deps, Service, Worker};
use tonic::service::Routes;
use uuid::Uuid;

use crate::action::Asker;
use crate::api::CampaignApi;
use crate::fact::consumers::{Listener, STREAMS};
use crate::journey::versions::Versions;
use crate::member::strays::Strays;
use crate::run::runner::Runner;
use crate::run::tidy::Tidy;

/// The service's name.
pub const NAME: &str = "campaign";

/// How many journeys a tenant may have that are not archived.
const JOURNEYS_MAX: i64 = 500;

/// The service's tables.
pub fn migrations() -> Vec<::store::Migration> {
    vec![
        crate::store::migrations::JOURNEYS,
        crate::store::migrations::UNDO,
        crate::store::migrations::DUE_BY_TENANT,
        crate::store::migrations::OF_MEMBER,
        crate::store::migrations::LEASE_HOLDER,
        crate::store::migrations::ASKED_WITH,
        crate::store::migrations::TRACED,
    ]
}

/// Makes a run due at once that is released from the queue's notes. Items of other queues are found by their workers.
pub async fn take_up(tx: &Tx, queue: &str, tenant: Tenant, item: &str, now: Time) -> Result<(), Fault> {
    if queue != run::RUNS {
        return Ok(());
    }
    let run = Uuid::parse_str(item).map_err(|_| Fault::not_found("run", item))?;
    crate::run::rows::take_up(&**tx, (tenant, Id::from_uuid(run)), now).await
}

/// The service, ready to be served.
pub fn service(deps: Deps) -> Service {
    let Deps { clock, db, peers, .. } = &deps;
    let versions = Versions::default();
    let api = CampaignApi {
        db: db.clone(),
        clock: clock.clone(),
    };
    let routes = Routes::new(JourneyServiceServer::new(api.clone()))
        .add_service(JourneyRunServiceServer::new(api))
        .add_service(events::feed(db.clone()));
    let mut workers: Vec<Box<dyn Worker>> = vec![
        events::sequencer(db.clone()),
        Box::new(Tidy::new(db.clone(), clock.clone())),
        Box::new(Strays::new(&deps, versions.clone())),
        Box::new(Runner::new(&deps, versions.clone(), Asker::new(peers.clone()))),
    ];
    for stream in STREAMS.iter() {
        let listener = Listener::new(stream, clock.clone(), versions.clone());
        workers.push(events::consume(&deps, listener));
    }
    Service {
        name: NAME,
        contract: &contracts_campaign::CONTRACT,
        routes,
        workers,
        db: db.clone(),
    }
}

#[cfg(test)]
mod tests;
