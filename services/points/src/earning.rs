//! Earning: which orders give points, and how many.

pub(crate) mod activities;
mod activity_wire;
pub(crate) mod caps;
mod create_earning_rule;
mod decision_wire;
mod decisions;
mod draft;
mod explain_earning;
mod get_earning_rule;
mod list_earning_rule_versions;
mod list_earning_rules;
mod orders;
pub(crate) mod rows;
mod rule_books;
mod simulate_earning;
mod tier_rows;
pub(crate) mod tiers;
mod update_earning_rule;
mod wire;
