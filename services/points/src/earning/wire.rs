mod amount;

use contracts_points::v1 as wire;
use fault::{Fault, Violations};
use kernel::{Currency, Time};
use ledger::{EarningRule, MemberCaps, RuleState};
use prost_types::FieldMask;

use super::rows::RuleRow;
use crate::wire::check_recorded;
use amount::{amount_from_wire, amount_to_wire};

/// A field of a rule that a request may set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    DisplayName,
    State,
    AssetCode,
    ActivityTypes,
    ChannelCodes,
    Condition,
    AmountFormula,
    Amount,
    Multiplier,
    AmountMax,
    Caps,
    Budget,
    Priority,
    Stop,
    ExclusionGroup,
    CurrencyCode,
    StartTime,
    EndTime,
    EffectTime,
}

const FIELDS: [(&str, Field); 19] = [
    ("display_name", Field::DisplayName),
    ("state", Field::State),
    ("asset_code", Field::AssetCode),
    ("activity_types", Field::ActivityTypes),
    ("channel_codes", Field::ChannelCodes),
    ("condition", Field::Condition),
    ("amount_formula", Field::AmountFormula),
    ("amount", Field::Amount),
    ("multiplier", Field::Multiplier),
    ("amount_max", Field::AmountMax),
    ("caps", Field::Caps),
    ("budget", Field::Budget),
    ("priority", Field::Priority),
    ("stop", Field::Stop),
    ("exclusion_group", Field::ExclusionGroup),
    ("currency_code", Field::CurrencyCode),
    ("start_time", Field::StartTime),
    ("end_time", Field::EndTime),
    ("effect_time", Field::EffectTime),
];

/// The fields that say how much a rule earns, of which it has one.
const AMOUNTS: [Field; 3] = [Field::AmountFormula, Field::Amount, Field::Multiplier];

/// The fields that a draft of a next version gets when it is activated.
const AT_ACTIVATION: [Field; 2] = [Field::State, Field::EffectTime];

/// The fields of a rule that a request sets.
pub(crate) struct RulePatch<'r> {
    rule: &'r wire::EarningRule,
    start: Option<Time>,
    end: Option<Time>,
    effect: Option<Time>,
    fields: Vec<Field>,
}

impl<'r> RulePatch<'r> {
    /// All fields, for a new rule.
    pub(crate) fn whole(rule: &'r wire::EarningRule) -> Result<Self, Fault> {
        Self::parse(rule, FIELDS.map(|(_, field)| field).to_vec(), Violations::new())
    }

    /// The fields that a mask names.
    pub(crate) fn masked(rule: &'r wire::EarningRule, mask: Option<&FieldMask>) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        let fields = violations.mask(mask, &FIELDS);
        Self::parse(rule, fields, violations)
    }

    /// The same of the draft of a next version, whose state and time are decided when it is activated.
    pub(crate) fn of_draft(rule: &'r wire::EarningRule, mask: Option<&FieldMask>) -> Result<Self, Fault> {
        let changeable = FIELDS.into_iter().filter(|(_, field)| !AT_ACTIVATION.contains(field));
        let mut violations = Violations::new();
        let fields = violations.mask(mask, &changeable.collect::<Vec<_>>());
        Self::parse(rule, fields, violations)
    }

    fn parse(rule: &'r wire::EarningRule, fields: Vec<Field>, mut violations: Violations) -> Result<Self, Fault> {
        let start = violations.optional_time("earning_rule.start_time", rule.start_time.as_ref());
        let end = violations.optional_time("earning_rule.end_time", rule.end_time.as_ref());
        let effect = violations.optional_time("earning_rule.effect_time", rule.effect_time.as_ref());
        violations.finish()?;
        Ok(Self {
            rule,
            start,
            end,
            effect,
            fields,
        })
    }

    /// Sets the fields, and checks what a rule must be, whatever it was.
    pub(crate) fn apply(&self, row: &mut RuleRow, now: Time) -> Result<(), Fault> {
        let mut violations = Violations::new();
        for field in &self.fields {
            self.set(*field, row, &mut violations);
        }
        let names_amount = self.fields.iter().any(|field| AMOUNTS.contains(field));
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

    fn set(&self, field: Field, row: &mut RuleRow, violations: &mut Violations) {
        let (sent, rule) = (self.rule, &mut row.rule);
        match field {
            Field::DisplayName => row.display_name.clone_from(&sent.display_name),
            Field::State => match state_from_wire(sent.state) {
                Some(state) => rule.state = state,
                None => violations.add("earning_rule.state", "must be DRAFT, SCHEDULED, ACTIVE or ARCHIVED"),
            },
            Field::AssetCode => rule.asset = sent.asset_code.as_str().into(),
            Field::ActivityTypes => rule.activity_types.clone_from(&sent.activity_types),
            Field::ChannelCodes => rule.channels.clone_from(&sent.channel_codes),
            Field::Condition => rule.condition.clone_from(&sent.condition),
            Field::AmountMax => rule.amount_max = sent.amount_max,
            Field::Caps => rule.caps = caps_from_wire(sent.caps.as_ref()),
            Field::Budget => rule.budget = sent.budget,
            Field::Priority => rule.priority = sent.priority,
            Field::Stop => rule.stop = sent.stop,
            Field::ExclusionGroup => rule.exclusion_group.clone_from(&sent.exclusion_group),
            Field::CurrencyCode => {
                if !sent.currency_code.is_empty() {
                    violations.parse("earning_rule.currency_code", sent.currency_code.parse::<Currency>());
                }
                rule.currency.clone_from(&sent.currency_code);
            }
            Field::StartTime => {
                check_recorded(violations, "earning_rule.start_time", self.start);
                rule.start = self.start;
            }
            Field::EndTime => {
                check_recorded(violations, "earning_rule.end_time", self.end);
                rule.end = self.end;
            }
            // All three amounts are one, and the effect depends on the state: both are set when all else is.
            Field::AmountFormula | Field::Amount | Field::Multiplier | Field::EffectTime => {}
        }
    }

    /// Decides when the version comes into force: when it is told to; or at its start, if it is only said to be
    /// scheduled; or when the version before it would have, if nothing is said; or at once.
    fn set_effect(&self, row: &mut RuleRow, now: Time, violations: &mut Violations) {
        let names = |field| self.fields.contains(&field);
        let is_scheduled = names(Field::State) && self.rule.state() == wire::EarningRuleState::Scheduled;
        let told = self.effect.filter(|_| names(Field::EffectTime));
        let rule = &mut row.rule;
        let waiting =
            Some(rule.effect).filter(|effect| *effect > now && !names(Field::State) && !names(Field::EffectTime));
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

#[cfg(test)]
mod tests {
    use contracts_points::v1 as wire;
    use ledger::RuleState;

    #[test]
    fn our_numbers_of_the_states_of_rules_are_the_contract_s() {
        for number in 1..=3 {
            let name = RuleState::from_number(number).unwrap().name();
            let wire = wire::EarningRuleState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("EARNING_RULE_STATE_{name}"));
        }
    }
}
