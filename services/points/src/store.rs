//! The tables and their statements. Everything that changes a balance goes through [`load()`] and [`apply()`].

mod account;
mod adjustment;
mod apply;
mod asset;
mod caps;
mod counters;
mod decision;
mod earning_rule;
mod entry;
mod export;
mod freeze;
mod handed_place;
mod history;
mod hold;
mod identifiers;
mod load;
mod lot;
mod migrations;
mod miscounts;
mod order;
mod owners;
mod pool;
mod proof;
mod reconcile;
mod reconciliation;
mod returns;
mod reversible;
mod row;
mod sum_pages;
mod sum_walk;
mod tally;
mod tier;
mod whereabouts;

pub(crate) use account::{
    AccountRow, BalanceRow, Which, balances, create_missing, idle_accounts, lock, lock_existing, lock_one,
};
pub(crate) use adjustment::{adjustment, list_adjustments};
pub(crate) use apply::apply;
pub(crate) use asset::{
    AssetRow, asset, asset_codes, asset_for_update, assets, create_asset, list_assets, tenants, update_asset,
};
pub(crate) use caps::{lock_counters, merge_counters, part_counters, read_counters, save_counters};
pub(crate) use counters::counters;
pub(crate) use decision::{DecisionRow, decisions, decisions_of_source, save_decisions};
pub(crate) use earning_rule::{
    DraftRow, RuleRow, VersionRow, create_rule, delete_draft, draft, draft_rules, find_draft, find_rule_at,
    insert_draft, list_rules, list_versions, next_effect, rule, rule_at, rule_drafts, rule_for_update, rule_revisions,
    rule_version, rule_versions, rules_at, save_draft, update_rule,
};
pub(crate) use entry::{EarnRow, earns_of_activities, entries_between, list_entries};
pub(crate) use export::{AssetPage, export_asset};
pub(crate) use freeze::{
    FreezeRow, count_frozen, freeze, note_discrepancy, open_freeze, open_freezes, unfreeze, waiting_for,
};
pub(crate) use handed_place::{
    dissolved_pools_of, forget_handed_places, handed_places, others_handed_to, save_handed_place,
};
pub(crate) use history::{HeadRow, KindTotal, LastEntry, expirations, head, last_before, totals};
pub(crate) use hold::{due_holds, holds, list_holds, next_hold_due};
pub(crate) use identifiers::IDENTIFIERS;
pub(crate) use load::{asset_of, keys_of, load, read, state_of};
pub(crate) use lot::{due_lots, due_pending, list_lots};
pub(crate) use migrations::migrations;
pub(crate) use miscounts::{SumsStanding, count_miscounted, count_wrong_sums, save_wrong_sums, sums_standing};
pub(crate) use order::{OrderKey, OrderRow, counted_refunds, orders, save_orders, save_refunds};
pub(crate) use owners::{Owned, owners};
pub(crate) use pool::{joined_pool, lock_pools, pool, pool_for_update, pools_of, pools_of_members, save_pool};
pub(crate) use proof::{Accounts, BooksRow, Since, read_books, save_proofs};
pub(crate) use reconcile::{ReconcileRow, debt_sum, reconcile};
pub(crate) use reconciliation::{
    ReconciliationRow, begin_reconciliation, oldest_pass_end, reconciliation, save_reconciliation,
};
pub(crate) use returns::{
    WaitingReturn, end_waiting, keep_lots, led_to, lots_of_members, reopen, wait_for_return, waiting_returns,
};
pub(crate) use row::account_item;
pub(crate) use sum_pages::{NextPage, add_proven, next_pages, page_sums, sums_between};
pub(crate) use sum_walk::{WalkRow, begin_walk, forget_sums, save_walk, walk};
pub(crate) use tally::{add_sums, next_sums, tallies};
pub(crate) use tier::{TierRow, save_tiers, tiers};
pub(crate) use whereabouts::{Whereabouts, whereabouts};
