use std::collections::HashMap;
use std::sync::Arc;

use kernel::Time;
use rules::{Condition, Environment, EvalError, Facts, Formula, RuleError, Type};

use super::AssetCode;

/// As many items as an activity may have.
const ITEMS_MAX: usize = 200;

/// How activities earn an asset, in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarningRule {
    pub(crate) code: String,
    pub(crate) version: i32,
    pub(crate) state: RuleState,
    pub(crate) asset: AssetCode,
    pub(crate) activity_types: Vec<String>,
    /// Empty: all.
    pub(crate) channels: Vec<String>,
    /// Empty: always.
    pub(crate) condition: String,
    pub(crate) formula: String,
    /// 0: no limit.
    pub(crate) amount_max: i64,
    pub(crate) priority: i32,
    pub(crate) stop: bool,
    pub(crate) start: Option<Time>,
    pub(crate) end: Option<Time>,
}

/// Whether a rule is in force; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleState {
    Draft,
    Active,
    Archived,
}

/// A rule whose expressions have been read and checked.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) rule: EarningRule,
    condition: Option<Condition>,
    formula: Formula,
}

/// A mistake in one of a rule's expressions.
#[derive(Debug)]
pub(crate) struct RuleMistake {
    /// The field: "condition" or "`amount_formula`".
    pub(crate) field: &'static str,
    pub(crate) error: RuleError,
}

/// What rules are judged on.
#[derive(Debug)]
pub(crate) struct ActivityFacts {
    pub(crate) activity_type: String,
    pub(crate) channel: String,
    pub(crate) occur_time: Time,
    pub(crate) facts: Facts,
}

/// The rules of a tenant, found by what activity they are for.
#[derive(Debug, Default)]
pub(crate) struct RuleBook {
    by_activity: HashMap<String, ByChannel>,
}

#[derive(Debug, Default)]
struct ByChannel {
    all: Vec<Arc<CompiledRule>>,
    some: HashMap<String, Vec<Arc<CompiledRule>>>,
}

/// What one rule made of one activity.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) rule: Arc<CompiledRule>,
    pub(crate) verdict: Verdict,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Earns(i64),
    OutOfTime,
    ConditionFalse,
    /// The rule of this code has earned before, and lets no other follow.
    Stopped(String),
    /// The formula gave this, which is 0 or less.
    Nothing(i64),
    Failed(EvalError),
}

/// What rules may speak of.
pub(crate) fn environment() -> Environment {
    let item = Type::object([
        ("sku", Type::String),
        ("category", Type::String),
        ("quantity", Type::Int),
        ("amount", Type::Int),
    ]);
    Environment::new()
        .with("activity.activity_type", Type::String)
        .with("activity.channel_code", Type::String)
        .with("activity.source_id", Type::String)
        .with("activity.amount", Type::Int)
        .with("activity.currency_code", Type::String)
        .with("activity.occur_time", Type::Timestamp)
        .with("activity.items", Type::list(item, ITEMS_MAX))
        .with("activity.attributes", Type::StringMap)
        .with("member.tier", Type::String)
}

/// Judges rules in their order. Each earns by itself, until one that stops the others of its asset has earned.
pub(crate) fn judge(rules: Vec<Arc<CompiledRule>>, activity: &ActivityFacts) -> Vec<Outcome> {
    let mut stopped: HashMap<AssetCode, String> = HashMap::new();
    let mut outcomes = Vec::with_capacity(rules.len());
    for rule in rules {
        let verdict = match stopped.get(&rule.rule.asset) {
            Some(by) => Verdict::Stopped(by.clone()),
            None => rule.judge(activity),
        };
        if rule.rule.stop && matches!(verdict, Verdict::Earns(_)) {
            stopped.insert(rule.rule.asset.clone(), rule.rule.code.clone());
        }
        outcomes.push(Outcome { rule, verdict });
    }
    outcomes
}

impl RuleState {
    /// The state of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        [Self::Draft, Self::Active, Self::Archived]
            .into_iter()
            .find(|state| state.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Draft => 1,
            Self::Active => 2,
            Self::Archived => 3,
        }
    }

    /// Whether a rule may go from this state to another. What has been archived stays as it is, so that a code never
    /// means two things; a rule that has earned does not become a draft.
    pub(crate) fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Archived, _) | (Self::Active, Self::Draft) => false,
            (Self::Draft, _) | (Self::Active, Self::Active | Self::Archived) => true,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl CompiledRule {
    /// Reads and checks both expressions; answers all mistakes of both.
    pub(crate) fn compile(environment: &Environment, rule: EarningRule) -> Result<Self, Vec<RuleMistake>> {
        let condition = match rule.condition.trim() {
            "" => Ok(None),
            _ => Condition::compile(environment, &rule.condition).map(Some),
        };
        let formula = Formula::compile(environment, &rule.formula);
        match (condition, formula) {
            (Ok(condition), Ok(formula)) => Ok(Self {
                rule,
                condition,
                formula,
            }),
            (condition, formula) => {
                let in_condition = condition.err().into_iter().flatten().map(|error| ("condition", error));
                let in_formula = formula
                    .err()
                    .into_iter()
                    .flatten()
                    .map(|error| ("amount_formula", error));
                Err(in_condition
                    .chain(in_formula)
                    .map(|(field, error)| RuleMistake { field, error })
                    .collect())
            }
        }
    }

    fn judge(&self, activity: &ActivityFacts) -> Verdict {
        let rule = &self.rule;
        let too_early = rule.start.is_some_and(|start| activity.occur_time < start);
        let too_late = rule.end.is_some_and(|end| activity.occur_time >= end);
        if too_early || too_late {
            return Verdict::OutOfTime;
        }
        match self
            .condition
            .as_ref()
            .map_or(Ok(true), |condition| condition.eval(&activity.facts))
        {
            Ok(true) => {}
            Ok(false) => return Verdict::ConditionFalse,
            Err(error) => return Verdict::Failed(error),
        }
        match self.formula.eval(&activity.facts) {
            Ok(amount) if amount <= 0 => Verdict::Nothing(amount),
            Ok(amount) if rule.amount_max > 0 => Verdict::Earns(amount.min(rule.amount_max)),
            Ok(amount) => Verdict::Earns(amount),
            Err(error) => Verdict::Failed(error),
        }
    }

    /// The verdict in words, with the values that decided it.
    pub(crate) fn explain(&self, verdict: &Verdict, activity: &ActivityFacts) -> String {
        let rule = &self.rule;
        let condition = || {
            self.condition
                .as_ref()
                .map_or(String::new(), |it| it.explain(&activity.facts).to_string())
        };
        let formula = || self.formula.explain(&activity.facts).to_string();
        match verdict {
            Verdict::Earns(amount) => format!("earns {amount} of {}\n{}{}", rule.asset, condition(), formula()),
            Verdict::OutOfTime => {
                let start = rule.start.map_or("ever".to_owned(), |start| start.to_string());
                let end = rule.end.map_or("ever".to_owned(), |end| end.to_string());
                format!(
                    "the activity occurred at {}, the rule holds from {start} to {end}",
                    activity.occur_time
                )
            }
            Verdict::ConditionFalse => format!("the condition is false\n{}", condition()),
            Verdict::Stopped(by) => format!(
                "the rule {by} has earned, and stops the rules of {} after it",
                rule.asset
            ),
            Verdict::Nothing(amount) => format!("the formula gave {amount}\n{}", formula()),
            Verdict::Failed(error) => error.to_string(),
        }
    }

    /// Highest priority first, then by code.
    fn order(&self) -> (std::cmp::Reverse<i32>, &str) {
        (std::cmp::Reverse(self.rule.priority), &self.rule.code)
    }
}

impl RuleBook {
    pub(crate) fn new(rules: Vec<CompiledRule>) -> Self {
        let mut rules: Vec<Arc<CompiledRule>> = rules.into_iter().map(Arc::new).collect();
        rules.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut book = Self::default();
        for rule in rules {
            for activity_type in &rule.rule.activity_types {
                let by_channel = book.by_activity.entry(activity_type.clone()).or_default();
                if rule.rule.channels.is_empty() {
                    by_channel.all.push(rule.clone());
                }
                for channel in &rule.rule.channels {
                    by_channel.some.entry(channel.clone()).or_default().push(rule.clone());
                }
            }
        }
        book
    }

    /// The rules for an activity of this type in this channel, in the order in which they are judged. Its cost grows with
    /// what it finds, not with how many rules there are.
    pub(crate) fn matching(&self, activity_type: &str, channel: &str) -> Vec<Arc<CompiledRule>> {
        let Some(by_channel) = self.by_activity.get(activity_type) else {
            return Vec::new();
        };
        let some = by_channel.some.get(channel).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Arc<CompiledRule>> = by_channel.all.iter().chain(some).cloned().collect();
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(code: &str, formula: &str) -> EarningRule {
        EarningRule {
            code: code.to_owned(),
            version: 1,
            state: RuleState::Active,
            asset: "points".into(),
            activity_types: vec!["order_paid".to_owned()],
            channels: Vec::new(),
            condition: String::new(),
            formula: formula.to_owned(),
            amount_max: 0,
            priority: 0,
            stop: false,
            start: None,
            end: None,
        }
    }

    fn order(amount: i64) -> ActivityFacts {
        ActivityFacts {
            activity_type: "order_paid".to_owned(),
            channel: "tmall".to_owned(),
            occur_time: Time::from_seconds(1_000),
            facts: Facts::new().with("activity.amount", amount).with("member.tier", "gold"),
        }
    }

    fn verdicts(rules: Vec<EarningRule>, activity: &ActivityFacts) -> Vec<(String, Verdict)> {
        let compiled = rules
            .into_iter()
            .map(|rule| CompiledRule::compile(&environment(), rule).unwrap());
        let book = RuleBook::new(compiled.collect());
        let outcomes = judge(book.matching(&activity.activity_type, &activity.channel), activity);
        outcomes
            .into_iter()
            .map(|outcome| (outcome.rule.rule.code.clone(), outcome.verdict))
            .collect()
    }

    #[test]
    fn each_rule_earns_by_itself_in_the_order_of_priority() {
        let second = EarningRule {
            priority: 5,
            condition: "member.tier == \"gold\"".into(),
            ..rule("b", "50")
        };
        let found = verdicts(vec![rule("a", "activity.amount / 100"), second], &order(1_250));
        assert_eq!(
            found,
            [("b".into(), Verdict::Earns(50)), ("a".into(), Verdict::Earns(12))]
        );
    }

    #[test]
    fn a_rule_that_stops_lets_no_other_of_its_asset_follow() {
        let first = EarningRule {
            priority: 5,
            stop: true,
            ..rule("b", "50")
        };
        let growth = EarningRule {
            asset: "growth".into(),
            ..rule("c", "7")
        };
        let found = verdicts(vec![rule("a", "1"), first, growth], &order(100));
        assert_eq!(
            found,
            [
                ("b".into(), Verdict::Earns(50)),
                ("a".into(), Verdict::Stopped("b".into())),
                ("c".into(), Verdict::Earns(7))
            ]
        );
    }

    #[test]
    fn a_rule_that_stops_but_does_not_earn_stops_nobody() {
        let first = EarningRule {
            priority: 5,
            stop: true,
            condition: "false".into(),
            ..rule("b", "50")
        };
        let found = verdicts(vec![rule("a", "1"), first], &order(100));
        assert_eq!(
            found,
            [("b".into(), Verdict::ConditionFalse), ("a".into(), Verdict::Earns(1))]
        );
    }

    #[test]
    fn a_rule_holds_from_its_start_until_before_its_end() {
        let at = |seconds| Some(Time::from_seconds(seconds));
        let window = |start, end| {
            verdicts(
                vec![EarningRule {
                    start,
                    end,
                    ..rule("a", "1")
                }],
                &order(1),
            )
            .remove(0)
            .1
        };
        assert_eq!(window(at(1_000), at(1_001)), Verdict::Earns(1));
        assert_eq!(window(at(1_001), None), Verdict::OutOfTime);
        assert_eq!(window(None, at(1_000)), Verdict::OutOfTime);
    }

    #[test]
    fn channels_and_types_select_the_rules() {
        let pos = EarningRule {
            channels: vec!["pos".into()],
            ..rule("pos", "1")
        };
        let tmall = EarningRule {
            channels: vec!["tmall".into(), "jd".into()],
            ..rule("tmall", "2")
        };
        let browse = EarningRule {
            activity_types: vec!["browsed".into()],
            ..rule("browse", "3")
        };
        assert_eq!(
            verdicts(vec![pos, tmall, browse], &order(1)),
            [("tmall".into(), Verdict::Earns(2))]
        );
    }

    #[test]
    fn amounts_are_capped_and_what_is_not_positive_earns_nothing() {
        let capped = EarningRule {
            amount_max: 100,
            ..rule("a", "activity.amount")
        };
        assert_eq!(verdicts(vec![capped], &order(1_250))[0].1, Verdict::Earns(100));
        assert_eq!(
            verdicts(vec![rule("a", "activity.amount - 2000")], &order(1_250))[0].1,
            Verdict::Nothing(-750)
        );
    }

    #[test]
    fn a_failing_formula_fails_its_rule_only() {
        let found = verdicts(
            vec![rule("a", "1 / (activity.amount - 100)"), rule("b", "1")],
            &order(100),
        );
        assert!(matches!(found[0].1, Verdict::Failed(_)));
        assert_eq!(found[1].1, Verdict::Earns(1));
    }

    #[test]
    fn an_unknown_name_is_refused_with_its_field_and_position() {
        let wrong = EarningRule {
            condition: "activity.amuont > 1".into(),
            ..rule("a", "member.age")
        };
        let mistakes = CompiledRule::compile(&environment(), wrong).unwrap_err();
        let fields: Vec<(&str, usize)> = mistakes.iter().map(|it| (it.field, it.error.line)).collect();
        assert_eq!(fields, [("condition", 1), ("amount_formula", 1)]);
    }

    #[test]
    fn states_lead_one_way() {
        use RuleState::{Active, Archived, Draft};
        for (from, to, allowed) in [
            (Draft, Draft, true),
            (Draft, Active, true),
            (Draft, Archived, true),
            (Active, Active, true),
            (Active, Archived, true),
            (Active, Draft, false),
            (Archived, Active, false),
            (Archived, Archived, false),
        ] {
            assert_eq!(from.may_become(to), allowed, "{from:?} -> {to:?}");
        }
    }
}
