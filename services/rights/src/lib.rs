//! Tiers and coupons, the same in every channel.
//!
//! What this service guarantees:
//! - A coupon is used by one order at a time and redeemed by one order, at any concurrency. Its life has only legal steps:
//!   each is written over the very version that was read, and the table's constraints check the columns of each state.
//! - No cap is passed, in total or for a member, at any concurrency and for issues of many. The database counts.
//! - An order's price is never below zero, and a discount is never more than the order's amount.
//! - A member is promoted at the moment in which the growth value reaches a threshold, in the order of the facts, however
//!   they were cut into batches. Earning raises the growth value; redeeming does not lower it. Nobody is demoted: points
//!   that are taken back or expire lower the growth value, and the tier is kept.
//! - When two members turn out to be one person, coupons, caps, growth values and the history go to the survivor, and so
//!   do facts that arrive late for the other one. An undo gives them back.
//!
//! The rooms, each with its methods, decisions, rows and words:
//! - `tier`: the ladder, the tiers of members and their history.
//! - `coupon_template`: the templates that coupons are issued from.
//! - `benefit`: the terms of a coupon, and the price of an order with it.
//! - `coupon`: issuing, locking, redeeming, and the end of coupons.
//! - `member`: the standings of members, and the merges that move them.
//! - `summary`: the figures of a tenant.
//! - `store`: the tables, and the order of locks.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::wildcard_enum_match_arm
    )
)]

mod api;
mod benefit;
mod coupon;
mod coupon_template;
mod member;
mod store;
mod summary;
mod tier;

use contracts_rights::v1::coupon_service_server::CouponServiceServer;
use contracts_rights::v1::coupon_template_service_server::CouponTemplateServiceServer;
use contracts_rights::v1::rights_summary_service_server::RightsSummaryServiceServer;
use contracts_rights::v1::tier_service_server::TierServiceServer;
use kernel::Tenant;
use runtime::{Deps, Queue, Service};
use tonic::service::Routes;

pub use crate::store::{IDENTIFIERS, migrations};

/// The service's name: of its role, its stream of facts and its schema.
pub const NAME: &str = "rights";

/// The service.
pub fn service(deps: Deps) -> Service {
    let Deps { clock, db, .. } = &deps;
    let api = api::RightsApi {
        clock: clock.clone(),
        db: db.clone(),
    };
    let routes = Routes::new(events::feed(db.clone()))
        .add_service(TierServiceServer::new(api.clone()))
        .add_service(CouponTemplateServiceServer::new(api.clone()))
        .add_service(CouponServiceServer::new(api.clone()))
        .add_service(RightsSummaryServiceServer::new(api));
    let workers = vec![
        events::sequencer(db.clone()),
        events::consume(&deps, tier::facts::TrackGrowth { clock: clock.clone() }),
        events::consume(&deps, member::facts::FollowMembers { clock: clock.clone() }),
        Box::new(tier::due::PlaceMembers {
            clock: clock.clone(),
            db: db.clone(),
            queue: Queue::new(tier::due::PLACEMENTS, &deps),
            turn: Tenant::PLATFORM,
        }),
        coupon::due::expire_coupons(&deps),
        coupon::due::lapse_locks(&deps),
    ];
    Service {
        name: NAME,
        contract: &contracts_rights::CONTRACT,
        routes,
        workers,
        db: db.clone(),
    }
}
