//! The tables and their statements. Everything that changes a balance goes through [`load()`] and [`apply()`].

mod account;
mod adjustment;
mod apply;
mod asset;
mod counter;
mod decision;
mod earning_rule;
mod entry;
mod hold;
mod load;
mod lot;
mod migrations;
mod order;
mod reconcile;
mod reversible;
mod row;
mod tier;
mod whereabouts;

pub(crate) use account::{AccountRow, BalanceRow, Which, balances, create_missing, idle_accounts, lock, lock_existing};
pub(crate) use adjustment::{adjustment, adjustment_for_update, list_adjustments, save_adjustment};
pub(crate) use apply::apply;
pub(crate) use asset::{
    AssetRow, asset, asset_codes, asset_for_update, assets, create_asset, list_assets, tenants, update_asset,
};
pub(crate) use counter::{lock_counters, merge_counters, read_counters, save_counters};
pub(crate) use decision::{DecisionRow, decisions, decisions_of_source, save_decisions};
pub(crate) use earning_rule::{
    RuleRow, create_rule, draft_rules, find_rule_at, list_rules, next_effect, rule, rule_at, rule_for_update,
    rule_revisions, rule_version, rule_versions, rules_at, update_rule,
};
pub(crate) use entry::{EarnRow, earns_of_activities, list_entries};
pub(crate) use hold::{due_holds, find_hold, holds, list_holds};
pub(crate) use load::{asset_of, keys_of, load, read, state_of};
pub(crate) use lot::{due_lots, due_pending, list_lots, pending_earns};
pub(crate) use migrations::migrations;
pub(crate) use order::{OrderKey, OrderRow, counted_refunds, orders, save_orders, save_refunds};
pub(crate) use reconcile::{KindSum, ReconcileRow, liability, reconcile};
pub(crate) use reversible::owners;
pub(crate) use tier::{TierRow, save_tiers, tiers};
pub(crate) use whereabouts::{Whereabouts, whereabouts};
