//! The ledger of every member asset.
//!
//! What it guarantees, whatever is repeated, reordered, raced or crashed:
//! - for each account: the sum of its entries = its balance = what is left, held or pending in its lots, never below zero, and its
//!   entries are numbered without a gap;
//! - for each lot: what is left + held + pending + spent + expired + taken back - given back = granted;
//! - what is owed is kept beside the balance, and a member who owes has nothing to spend;
//! - what is held can be spent by its hold alone, and comes back at its deadline if nobody does;
//! - a spend takes the lots that expire first, and lists them, so that a reversal gives back the very same;
//! - one request id has one effect and one answer, for ever; one activity is judged once, and earns once by one rule;
//! - entries are only ever added, and each earn by a rule names the version that decided it; the database itself refuses to
//!   change or take away one;
//! - what a rule gives stays within the caps of its members and within its budget, and what was decided about an activity,
//!   on what, and why, is kept;
//! - all of this is proven again for each account, for ever ([`proof`]): one that disagrees with itself is
//!   frozen until an operator has mended it, and never repaired silently.
//!
//! There is one posting path: lock the accounts in one order and read what the decision needs ([`posting::load`]), decide
//! each posting in memory ([`ledger`]), write all of it with a handful of statements ([`posting::apply`]), tell the facts
//! ([`posting::facts`]). Consumers and workers take it with hundreds of postings in the transaction of what caused them
//! ([`posting::post`]); the postings of methods are gathered, and share a transaction ([`posting::engine`]).
//!
//! Members are not asked for at identity: an id is accepted by its form, and an account begins with its first entry.
//!
//! Its rooms:
//!
//! - [`ledger`], a crate of its own: the pure decisions, without tables or clock.
//! - [`asset`], [`account`]: what is counted; balances, lots, freezes.
//! - [`posting`]: the one way in which a balance changes, with its entries, facts and engine.
//! - [`hold`], [`pending`], [`transfer`], [`adjustment`], [`pool`]: the ways to post that have steps or rows of their own.
//! - [`earning`]: rules, their drafts and versions, caps, tiers, the activities that are judged.
//! - [`statement`], [`liability`]: what happened on an account; what the brand owes.
//! - [`proof`]: every balance and every sum counted again, and accounts that disagree frozen.
//! - [`member`]: accounts, places and counters of members that are merged and restored.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod account;
mod adjustment;
mod api;
mod asset;
mod earning;
mod hold;
mod liability;
mod member;
mod pending;
mod pool;
mod posting;
mod proof;
mod statement;
mod store;
mod transfer;
mod wire;

use contracts_points::v1::adjustment_service_server::AdjustmentServiceServer;
use contracts_points::v1::asset_service_server::AssetServiceServer;
use contracts_points::v1::earning_rule_draft_service_server::EarningRuleDraftServiceServer;
use contracts_points::v1::earning_rule_service_server::EarningRuleServiceServer;
use contracts_points::v1::export_service_server::ExportServiceServer;
use contracts_points::v1::hold_service_server::HoldServiceServer;
use contracts_points::v1::ledger_service_server::LedgerServiceServer;
use contracts_points::v1::pending_service_server::PendingServiceServer;
use contracts_points::v1::points_service_server::PointsServiceServer;
use contracts_points::v1::pool_service_server::PoolServiceServer;
use contracts_points::v1::posting_service_server::PostingServiceServer;
use contracts_points::v1::statement_service_server::StatementServiceServer;
use contracts_points::v1::transfer_service_server::TransferServiceServer;
use events::{consume, feed, sequencer};
use runtime::{Deps, Service};
use tonic::service::Routes;

pub use crate::posting::ledger::Ledger;

use crate::api::PointsApi;
use crate::member::{EarnByRules, KeepTiers, MoveOnMerge};
use crate::posting::due::PostDue;
use crate::proof::prove_counters::ProveCounters;
use crate::proof::reconcile::Reconcile;

/// The service's name, and its schema's.
pub const NAME: &str = "points";

/// The service: its gRPC services and the feed of its facts, three consumers, what is due without being called, and the proof
/// of all accounts.
pub fn service(deps: Deps) -> Service {
    let Deps { clock, db, .. } = &deps;
    let api = PointsApi::new(clock.clone(), db.clone());
    let routes = Routes::new(PointsServiceServer::new(api.clone()))
        .add_service(PostingServiceServer::new(api.clone()))
        .add_service(AssetServiceServer::new(api.clone()))
        .add_service(EarningRuleServiceServer::new(api.clone()))
        .add_service(EarningRuleDraftServiceServer::new(api.clone()))
        .add_service(StatementServiceServer::new(api.clone()))
        .add_service(HoldServiceServer::new(api.clone()))
        .add_service(TransferServiceServer::new(api.clone()))
        .add_service(AdjustmentServiceServer::new(api.clone()))
        .add_service(ExportServiceServer::new(api.clone()))
        .add_service(PoolServiceServer::new(api.clone()))
        .add_service(PendingServiceServer::new(api.clone()))
        .add_service(LedgerServiceServer::new(api))
        .add_service(feed(db.clone()));
    let workers = vec![
        sequencer(db.clone()),
        consume(&deps, EarnByRules::new(clock.clone())),
        consume(&deps, KeepTiers),
        consume(&deps, MoveOnMerge::new(clock.clone())),
        Box::new(PostDue::expire_lots(&deps)),
        Box::new(PostDue::confirm_pending(&deps)),
        Box::new(PostDue::release_holds(&deps)),
        Box::new(Reconcile::new(&deps)),
        Box::new(ProveCounters::new(&deps)),
    ];
    Service {
        name: NAME,
        contract: &contracts_points::CONTRACT,
        routes,
        workers,
        db: db.clone(),
    }
}

/// The ids in its tables that came from outside, and may be older than their one form.
pub const IDENTIFIERS: &[::store::Identifiers] = store::IDENTIFIERS;

/// The tables of the service.
pub fn migrations() -> Vec<::store::Migration> {
    store::migrations()
}
