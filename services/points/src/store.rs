//! The tables and their statements. Everything that changes a balance goes through [`load()`] and [`apply()`].

mod account;
mod adjustment;
mod apply;
mod asset;
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

pub(crate) use account::{BalanceRow, Which, balances, idle_accounts, lock};
pub(crate) use adjustment::{adjustment, adjustment_for_update, list_adjustments, save_adjustment};
pub(crate) use apply::apply;
pub(crate) use asset::{
    AssetRow, asset, asset_codes, asset_for_update, create_asset, list_assets, tenants, update_asset,
};
pub(crate) use earning_rule::{
    RuleRow, active_rules, active_versions, create_rule, draft_rules, list_rules, rule, rule_for_update, rule_version,
    update_rule,
};
pub(crate) use entry::{EarnRow, earns_of_activities, find_entry, list_entries};
pub(crate) use hold::{due_holds, find_hold, holds, list_holds};
pub(crate) use load::load;
pub(crate) use lot::{due_lots, due_pending, list_lots, pending_earns};
pub(crate) use migrations::migrations;
pub(crate) use order::{OrderKey, OrderRow, orders, save_orders};
pub(crate) use reconcile::{KindSum, ReconcileRow, liability, reconcile};
pub(crate) use tier::{TierRow, save_tiers, tiers};
