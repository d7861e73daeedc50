mod amount;

use contracts::points::v1 as wire;
use fault::{Fault, Violations};
use kernel::{Currency, Time};
use ledger::{EarningRule, MemberCaps, RuleState};

use super::rows::RuleRow;
use crate::wire::check_recorded;
use amount::{amount_from_wire, amount_to_wire};

/// Every field of a rule that a request may set.
pub(crate) const MUTABLE: [&str; 19] = [
    "display_name",
    "state",
    "asset_code",
    "activity_types",
    "channel_codes",
    "condition",
    "amount_formula",
    "amount",
    "multiplier",
    "amount_max",
    "caps",
    "budget",
    "priority",
    "stop",
    "exclusion_group",
    "currency_code",
    "start_time",
    "end_time",
    "effect_time",
];

/// The fields that say how much a rule earns, of which it has one.
const AMOUNTS: [&str; 3] = ["amount_formula", "amount", "multiplier"];

/// The fields that a draft of a next version gets when it is activated.
const AT_ACTIVATION: [&str; 2] = ["state", "effect_time"];

/// The fields of a rule that a request sets.
pub(crate) struct RulePatch<'r> {
    rule: &'r wire::EarningRule,
    start: Option<Time>,
    end: Option<Time>,
    effect: Option<Time>,
    paths: Vec<&'r str>,
}

impl<'r> RulePatch<'r> {
    /// All fields, for a new rule.
    pub(crate) fn whole(rule: &'r wire::EarningRule) -> Result<Self, Fault> {
        Self::parse(rule, MUTABLE.to_vec())
    }

    /// The fields that a mask names.
    pub(crate) fn masked(rule: &'r wire::EarningRule, paths: &'r [String]) -> Result<Self, Fault> {
        Self::among(&MUTABLE, rule, paths)
    }

    /// The same of the draft of a next version, whose state and time are decided when it is activated.
    pub(crate) fn of_draft(rule: &'r wire::EarningRule, paths: &'r [String]) -> Result<Self, Fault> {
        let changeable = MUTABLE.into_iter().filter(|path| !AT_ACTIVATION.contains(path));
        Self::among(&changeable.collect::<Vec<_>>(), rule, paths)
    }

    fn among(changeable: &[&str], rule: &'r wire::EarningRule, paths: &'r [String]) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
        for path in paths {
            let known = changeable.contains(&path.as_str());
            violations.check(known, "update_mask", format!("{path} is no field that can be changed"));
        }
        violations.finish()?;
        Self::parse(rule, paths.iter().map(String::as_str).collect())
    }

    fn parse(rule: &'r wire::EarningRule, paths: Vec<&'r str>) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        let start = violations.optional_time("earning_rule.start_time", rule.start_time.as_ref());
        let end = violations.optional_time("earning_rule.end_time", rule.end_time.as_ref());
        let effect = violations.optional_time("earning_rule.effect_time", rule.effect_time.as_ref());
        violations.finish()?;
        Ok(Self {
            rule,
            start,
            end,
            effect,
            paths,
        })
    }

    /// Sets the fields, and checks what a rule must be, whatever it was.
    pub(crate) fn apply(&self, row: &mut RuleRow, now: Time) -> Result<(), Fault> {
        let mut violations = Violations::new();
        for path in &self.paths {
            self.set(path, row, &mut violations);
        }
        let names_amount = self.paths.iter().any(|path| AMOUNTS.contains(path));
        if names_amount && let Some(amount) = amount_from_wire(self.rule, &mut violations) {
            row.rule.amount = amount;
        }
        self.set_effect(row, now, &mut violations);
        let rule = &row.rule;
        violations.check(
            !rule.asset.is_empty(),
            "earning_rule.asset_code",
            "must be an asset's code",
        );
        violations.check(
            !rule.activity_types.is_empty(),
            "earning_rule.activity_types",
            "must name at least one",
        );
        let in_order = rule.start.zip(rule.end).is_none_or(|(start, end)| start < end);
        violations.check(in_order, "earning_rule.end_time", "must be after start_time");
        violations.finish()
    }

    fn set(&self, path: &str, row: &mut RuleRow, violations: &mut Violations) {
        let (sent, rule) = (self.rule, &mut row.rule);
        match path {
            "display_name" => row.display_name.clone_from(&sent.display_name),
            "state" => match state_from_wire(sent.state) {
                Some(state) => rule.state = state,
                None => violations.add("earning_rule.state", "must be DRAFT, SCHEDULED, ACTIVE or ARCHIVED"),
            },
            "asset_code" => rule.asset = sent.asset_code.as_str().into(),
            "activity_types" => rule.activity_types.clone_from(&sent.activity_types),
            "channel_codes" => rule.channels.clone_from(&sent.channel_codes),
            "condition" => rule.condition.clone_from(&sent.condition),
            "amount_max" => rule.amount_max = sent.amount_max,
            "caps" => rule.caps = caps_from_wire(sent.caps.as_ref()),
            "budget" => rule.budget = sent.budget,
            "priority" => rule.priority = sent.priority,
            "stop" => rule.stop = sent.stop,
            "exclusion_group" => rule.exclusion_group.clone_from(&sent.exclusion_group),
            "currency_code" => {
                if !sent.currency_code.is_empty() {
                    violations.parse("earning_rule.currency_code", sent.currency_code.parse::<Currency>());
                }
                rule.currency.clone_from(&sent.currency_code);
            }
            "start_time" => {
                check_recorded(violations, "earning_rule.start_time", self.start);
                rule.start = self.start;
            }
            "end_time" => {
                check_recorded(violations, "earning_rule.end_time", self.end);
                rule.end = self.end;
            }
            // All three amounts are one, and the effect depends on the state: both are set when all else is.
            "amount_formula" | "amount" | "multiplier" | "effect_time" => {}
            unknown => violations.add("update_mask", format!("{unknown} is no field that can be changed")),
        }
    }

    /// Decides when the version comes into force: when it is told to; or at its start, if it is only said to be
    /// scheduled; or when the version before it would have, if nothing is said; or at once.
    fn set_effect(&self, row: &mut RuleRow, now: Time, violations: &mut Violations) {
        let names = |path| self.paths.contains(&path);
        let is_scheduled = names("state") && self.rule.state() == wire::EarningRuleState::Scheduled;
        let told = self.effect.filter(|_| names("effect_time"));
        let rule = &mut row.rule;
        let waiting = Some(rule.effect).filter(|effect| *effect > now && !names("state") && !names("effect_time"));
        let effect = told.or(waiting).or(rule.start.filter(|_| is_scheduled));
        let ahead = effect.is_some_and(|effect| effect > now);
        violations.check(
            ahead || told.is_none(),
            "earning_rule.effect_time",
            "must lie in the future, or be absent",
        );
        violations.check(
            ahead || told.is_some() || !is_scheduled,
            "earning_rule.state",
            "SCHEDULED needs an effect_time, or a start_time, in the future",
        );
        violations.check(
            told.is_none() || rule.state == RuleState::Active,
            "earning_rule.effect_time",
            "is for rules in force only: a draft has none, and what ends later has an end_time",
        );
        rule.effect = effect.unwrap_or(now);
    }
}

fn state_from_wire(state: i32) -> Option<RuleState> {
    if state == i32::from(wire::EarningRuleState::Scheduled) {
        return Some(RuleState::Active);
    }
    RuleState::from_number(state)
}

fn caps_from_wire(caps: Option<&wire::EarningCaps>) -> MemberCaps {
    caps.map_or(MemberCaps::default(), |caps| MemberCaps {
        day: caps.member_day,
        month: caps.member_month,
        total: caps.member_total,
    })
}

/// A rule as it is read at a moment.
pub(crate) fn rule_to_wire(row: &RuleRow, now: Time) -> wire::EarningRule {
    let rule: EarningRule = row.rule.clone();
    let waits = rule.state == RuleState::Active && rule.effect > now;
    let state = if waits {
        wire::EarningRuleState::Scheduled.into()
    } else {
        rule.state.number()
    };
    let caps = Some(rule.caps).filter(|caps| *caps != MemberCaps::default());
    let (formula, amount, multiplier) = amount_to_wire(&rule.amount);
    wire::EarningRule {
        code: rule.code,
        version: rule.version,
        display_name: row.display_name.clone(),
        state,
        asset_code: rule.asset.to_string(),
        activity_types: rule.activity_types,
        channel_codes: rule.channels,
        condition: rule.condition,
        amount_formula: formula,
        amount_max: rule.amount_max,
        priority: rule.priority,
        stop: rule.stop,
        start_time: rule.start.map(Time::to_wire),
        end_time: rule.end.map(Time::to_wire),
        create_time: Some(row.create_time.to_wire()),
        update_time: Some(row.update_time.to_wire()),
        etag: rule.version.to_string(),
        amount,
        multiplier,
        caps: caps.map(|caps| wire::EarningCaps {
            member_day: caps.day,
            member_month: caps.month,
            member_total: caps.total,
        }),
        budget: rule.budget,
        exclusion_group: rule.exclusion_group,
        effect_time: Some(rule.effect.to_wire()),
        budget_used: row.budget_used,
        currency_code: rule.currency,
    }
}
