use contracts::points::v1 as wire;
use fault::{Fault, Violations};
use kernel::Time;

use super::parse_time;
use crate::domain::{ActivityFacts, EarningRule, Outcome, RuleState, Verdict};
use crate::store::RuleRow;

/// Every field of a rule that a request may set.
pub(crate) const MUTABLE: [&str; 12] = [
    "display_name",
    "state",
    "asset_code",
    "activity_types",
    "channel_codes",
    "condition",
    "amount_formula",
    "amount_max",
    "priority",
    "stop",
    "start_time",
    "end_time",
];

/// The fields of a rule that a request sets.
pub(crate) struct RulePatch<'r> {
    rule: &'r wire::EarningRule,
    start: Option<Time>,
    end: Option<Time>,
    paths: Vec<&'r str>,
}

impl<'r> RulePatch<'r> {
    /// All fields, for a new rule.
    pub(crate) fn whole(rule: &'r wire::EarningRule) -> Result<Self, Fault> {
        Self::parse(rule, MUTABLE.to_vec())
    }

    /// The fields that a mask names.
    pub(crate) fn masked(rule: &'r wire::EarningRule, paths: &'r [String]) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
        for path in paths {
            let known = MUTABLE.contains(&path.as_str());
            violations.check(known, "update_mask", format!("{path} is no field that can be changed"));
        }
        violations.finish()?;
        Self::parse(rule, paths.iter().map(String::as_str).collect())
    }

    fn parse(rule: &'r wire::EarningRule, paths: Vec<&'r str>) -> Result<Self, Fault> {
        let start = parse_time("earning_rule.start_time", rule.start_time.as_ref())?;
        let end = parse_time("earning_rule.end_time", rule.end_time.as_ref())?;
        Ok(Self {
            rule,
            start,
            end,
            paths,
        })
    }

    /// Sets the fields, and checks what a rule must be, whatever it was.
    pub(crate) fn apply(&self, row: &mut RuleRow) -> Result<(), Fault> {
        let mut violations = Violations::new();
        for path in &self.paths {
            self.set(path, row, &mut violations);
        }
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
        violations.check(
            !rule.formula.trim().is_empty(),
            "earning_rule.amount_formula",
            "must be a formula",
        );
        let in_order = rule.start.zip(rule.end).is_none_or(|(start, end)| start < end);
        violations.check(in_order, "earning_rule.end_time", "must be after start_time");
        violations.finish()
    }

    fn set(&self, path: &str, row: &mut RuleRow, violations: &mut Violations) {
        let (sent, rule) = (self.rule, &mut row.rule);
        match path {
            "display_name" => row.display_name.clone_from(&sent.display_name),
            "state" => match RuleState::from_number(sent.state) {
                Some(state) => rule.state = state,
                None => violations.add("earning_rule.state", "must be DRAFT, ACTIVE or ARCHIVED"),
            },
            "asset_code" => rule.asset = sent.asset_code.as_str().into(),
            "activity_types" => rule.activity_types.clone_from(&sent.activity_types),
            "channel_codes" => rule.channels.clone_from(&sent.channel_codes),
            "condition" => rule.condition.clone_from(&sent.condition),
            "amount_formula" => rule.formula.clone_from(&sent.amount_formula),
            "amount_max" => rule.amount_max = sent.amount_max,
            "priority" => rule.priority = sent.priority,
            "stop" => rule.stop = sent.stop,
            "start_time" => rule.start = self.start,
            "end_time" => rule.end = self.end,
            unknown => violations.add("update_mask", format!("{unknown} is no field that can be changed")),
        }
    }
}

pub(crate) fn rule_to_wire(row: &RuleRow) -> wire::EarningRule {
    let EarningRule { start, end, .. } = row.rule;
    let rule = row.rule.clone();
    wire::EarningRule {
        code: rule.code,
        version: rule.version,
        display_name: row.display_name.clone(),
        state: rule.state.number(),
        asset_code: rule.asset.to_string(),
        activity_types: rule.activity_types,
        channel_codes: rule.channels,
        condition: rule.condition,
        amount_formula: rule.formula,
        amount_max: rule.amount_max,
        priority: rule.priority,
        stop: rule.stop,
        start_time: start.map(Time::to_wire),
        end_time: end.map(Time::to_wire),
        create_time: Some(row.create_time.to_wire()),
        update_time: Some(row.update_time.to_wire()),
        etag: rule.version.to_string(),
    }
}

pub(crate) fn outcome_to_wire(outcome: &Outcome, activity: &ActivityFacts) -> wire::RuleOutcome {
    let (verdict, amount) = match outcome.verdict {
        Verdict::Earns(amount) => (wire::RuleVerdict::Earns, amount),
        Verdict::OutOfTime => (wire::RuleVerdict::OutOfTime, 0),
        Verdict::ConditionFalse => (wire::RuleVerdict::ConditionFalse, 0),
        Verdict::Stopped(_) => (wire::RuleVerdict::Stopped, 0),
        Verdict::Nothing(_) => (wire::RuleVerdict::Nothing, 0),
        Verdict::Failed(_) => (wire::RuleVerdict::Failed, 0),
    };
    let rule = &outcome.rule.rule;
    wire::RuleOutcome {
        rule_code: rule.code.clone(),
        rule_version: rule.version,
        asset_code: rule.asset.to_string(),
        verdict: verdict.into(),
        amount,
        explanation: outcome.rule.explain(&outcome.verdict, activity),
    }
}
