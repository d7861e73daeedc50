//! Who members are and what they do: activities, tags, segments.
//!
//! What this service guarantees:
//! - An activity is recorded once, for ever, from any sender and however often; late and out-of-order activities end in
//!   the same tags as those that come in order.
//! - A computed tag is what its definition makes of the member's activities at this moment: it is kept by each activity
//!   alone, and by a timer at the edge of its window.
//! - A segment is one pure condition ([`segment::condition`]), the same for every member and caller. Membership follows every change of a
//!   tag or a profile in the transaction of that change, and only segments that look at what changed are evaluated.
//! - Each change of a value or a membership is told once, as a fact, in the transaction of the change.
//! - The id of a member that was merged leads to the survivor in every call and fact.
//!
//! Its rooms:
//!
//! - [`activity`]: activities, recorded once, and their timeline.
//! - [`tag`]: definitions, assigned and computed values, the catalog, backfills and what is due.
//! - [`segment`]: conditions, memberships, figures, evaluation.
//! - [`member`]: profiles, merges and undos, and the revision by which all changes are made.
//! - [`insight`]: counts over all members.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

pub mod activity;
mod api;
mod catch_up;
mod insight;
pub mod member;
pub mod segment;
mod store;
pub mod tag;

use ::store::Migration;
use contracts_tagging::v1::activity_service_server::ActivityServiceServer;
use contracts_tagging::v1::insight_service_server::InsightServiceServer;
use contracts_tagging::v1::segment_service_server::SegmentServiceServer;
use contracts_tagging::v1::tag_service_server::TagServiceServer;
use runtime::{Deps, DueWork, Service, Worker};
use tonic::service::Routes;

use crate::api::TaggingApi;
use crate::catch_up::CatchingUp;
use crate::member::follow_members::FollowMembers;
use crate::member::follow_tiers::FollowTiers;
use crate::member::revision::Revisions;
use crate::segment::evaluate::EvaluateSegments;
use crate::tag::backfill::BackfillTags;
use crate::tag::due::LookAtDue;

/// The service's name, which is also that of its stream of facts.
pub const NAME: &str = "tagging";

/// The ids in its tables that came from outside, and may be older than their one form.
pub const IDENTIFIERS: &[::store::Identifiers] = store::IDENTIFIERS;

/// The service's tables.
pub fn migrations() -> Vec<Migration> {
    store::migrations()
}

/// The service.
pub fn service(deps: Deps) -> Service {
    let Deps { clock, db, peers, .. } = &deps;
    let revisions = Revisions::new(clock.clone());
    let api = TaggingApi::new(clock.clone(), db.clone(), peers.clone(), revisions.clone());
    let routes = Routes::default()
        .add_service(ActivityServiceServer::new(api.clone()))
        .add_service(TagServiceServer::new(api.clone()))
        .add_service(SegmentServiceServer::new(api.clone()))
        .add_service(InsightServiceServer::new(api))
        .add_service(events::feed(db.clone()));
    let mut workers = workers(&deps, &revisions);
    workers.push(events::sequencer(db.clone()));
    workers.push(events::consume(
        &deps,
        FollowMembers {
            revisions: revisions.clone(),
        },
    ));
    workers.push(events::consume(&deps, FollowTiers { revisions }));
    Service {
        name: NAME,
        contract: &contracts_tagging::CONTRACT,
        routes,
        workers,
        db: db.clone(),
    }
}

/// The workers that do what is due. They take no input: their work follows from the tables and the clock.
fn workers(deps: &Deps, revisions: &Revisions) -> Vec<Box<dyn Worker>> {
    let (db, revisions) = (deps.db.clone(), revisions.clone());
    let looks = LookAtDue {
        db: db.clone(),
        revisions: revisions.clone(),
    };
    let backfills = BackfillTags {
        db: db.clone(),
        revisions: revisions.clone(),
    };
    vec![
        Box::new(DueWork::at_deadline(looks, deps)),
        Box::new(CatchingUp::new(backfills, deps)),
        Box::new(CatchingUp::new(EvaluateSegments { db, revisions }, deps)),
    ]
}
