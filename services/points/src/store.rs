//! The tables and their statements. Everything that changes a balance goes through [`load()`] and [`apply()`].

mod account;
mod adjustment;
mod apply;
mod asset;
mod counters;
mod earning_rule;
mod entry;
mod freeze;
mod history;
mod hold;
mod load;
mod lot;
mod migrations;
mod order;
mod proof;
mod reconcile;
mod reconciliation;
mod reversible;
mod row;
mod tier;

pub(crate) use account::{BalanceRow, Which, balances, idle_accounts, lock, lock_existing};
pub(crate) use adjustment::{adjustment, adjustment_for_update, list_adjustments, save_adjustment};
pub(crate) use apply::apply;
pub(crate) use asset::{
    AssetRow, asset, asset_codes, asset_for_update, create_asset, list_assets, tenants, update_asset,
};
pub(crate) use counters::counters;
pub(crate) use earning_rule::{
    RuleRow, active_rules, active_versions, create_rule, draft_rules, list_rules, rule, rule_for_update, rule_version,
    update_rule,
};
pub(crate) use entry::{EarnRow, earns_of_activities, entries_between, find_entry, list_entries};
pub(crate) use freeze::{
    FreezeRow, count_frozen, freeze, note_discrepancy, open_freeze, open_freezes, unfreeze, waiting_for,
};
pub(crate) use history::{HeadRow, KindTotal, LastEntry, expirations, head, last_before, totals};
pub(crate) use hold::{due_holds, find_hold, holds, list_holds};
pub(crate) use load::load;
pub(crate) use lot::{due_lots, due_pending, list_lots, pending_earns};
pub(crate) use migrations::migrations;
pub(crate) use order::{OrderKey, OrderRow, orders, save_orders};
pub(crate) use proof::{Accounts, BooksRow, Since, read_books, save_proofs};
pub(crate) use reconcile::{ReconcileRow, debt_sum, reconcile};
pub(crate) use reconciliation::{
    ReconciliationRow, begin_reconciliation, oldest_pass_end, reconciliation, save_reconciliation,
};
pub(crate) use tier::{TierRow, save_tiers, tiers};
