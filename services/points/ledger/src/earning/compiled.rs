use std::cmp::Reverse;

use rules::{Condition, Environment, Facts, Formula, RuleError};

use super::facts::item_environment;
use super::{ActivityFacts, Amount, EarningRule, Item, ItemWorth, Multiplier, Rate};
use crate::POSTING_MAX;

/// A rule whose expressions have been read and checked.
#[derive(Debug)]
pub struct CompiledRule {
    /// The rule as it was saved.
    pub rule: EarningRule,
    pub(super) condition: Option<Condition>,
    pub(super) amount: CompiledAmount,
}

#[derive(Debug)]
pub(super) enum CompiledAmount {
    Formula(Formula),
    Fixed(i64),
    Rate(Rate),
    PerItem {
        condition: Option<Condition>,
        worth: ItemWorth,
    },
    Multiplier(Multiplier),
}

/// A mistake in one of a rule's expressions.
#[derive(Debug)]
pub struct RuleMistake {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, and where.
    pub error: RuleError,
}

pub(super) const TOO_LARGE: &str = "the amount does not fit into 64 bits";
/// The same of what would fit, but not into a posting.
const ABOVE_POSTING: &str = "the amount is more than a posting moves, which is 1,000,000,000,000,000 at the most";

impl CompiledRule {
    /// Reads and checks all expressions; answers all mistakes of all.
    pub fn compile(environment: &Environment, rule: EarningRule) -> Result<Self, Vec<RuleMistake>> {
        let condition = optional(environment, "condition", &rule.condition);
        let amount = match &rule.amount {
            Amount::Formula(formula) => Formula::compile(environment, formula)
                .map(CompiledAmount::Formula)
                .map_err(|errors| mistakes("amount_formula", errors)),
            Amount::Fixed(points) => Ok(CompiledAmount::Fixed(*points)),
            Amount::Rate(rate) => Ok(CompiledAmount::Rate(*rate)),
            Amount::PerItem { condition, worth } => {
                let environment = item_environment(environment);
                optional(&environment, "amount.per_item.item_condition", condition).map(|condition| {
                    CompiledAmount::PerItem {
                        condition,
                        worth: *worth,
                    }
                })
            }
            Amount::Multiplier(multiplier) => Ok(CompiledAmount::Multiplier(multiplier.clone())),
        };
        match (condition, amount) {
            (Ok(condition), Ok(amount)) => Ok(Self {
                rule,
                condition,
                amount,
            }),
            (condition, amount) => Err(condition.err().into_iter().chain(amount.err()).flatten().collect()),
        }
    }

    /// How much it earns without its caps, of a base where it multiplies; or why that cannot be said.
    pub(super) fn gross(&self, activity: &ActivityFacts, facts: &Facts, base: i64) -> Result<i64, String> {
        let amount = match &self.amount {
            CompiledAmount::Formula(formula) => Some(formula.eval(facts).map_err(|error| error.to_string())?),
            CompiledAmount::Fixed(points) => Some(*points),
            CompiledAmount::Rate(rate) => rate.points_for(activity.money),
            CompiledAmount::PerItem { condition, worth } => {
                let items = fitting_items(condition.as_ref(), activity, facts)?;
                match worth {
                    ItemWorth::PerPiece(points) => {
                        total(&items, |item| item.quantity).and_then(|pieces| pieces.checked_mul(*points))
                    }
                    ItemWorth::Rate(rate) => total(&items, |item| item.money).and_then(|money| rate.points_for(money)),
                }
            }
            CompiledAmount::Multiplier(multiplier) => multiplier.bonus(base),
        };
        match amount {
            Some(amount) if amount <= POSTING_MAX => Ok(amount),
            Some(_) => Err(ABOVE_POSTING.to_owned()),
            None => Err(TOO_LARGE.to_owned()),
        }
    }

    /// Those with amounts before those that multiply them; then the highest priority first, then by code.
    pub(super) fn order(&self) -> (bool, Reverse<i32>, &str) {
        let rule = &self.rule;
        (rule.is_multiplier(), Reverse(rule.priority), &rule.code)
    }
}

/// The items of the activity that a condition is true of.
pub(super) fn fitting_items<'a>(
    condition: Option<&Condition>,
    activity: &'a ActivityFacts,
    facts: &Facts,
) -> Result<Vec<&'a Item>, String> {
    let Some(condition) = condition else {
        return Ok(activity.items.iter().collect());
    };
    let mut facts = facts.clone();
    let mut fitting = Vec::new();
    for item in &activity.items {
        facts.set("item", item.facts.clone());
        if condition.eval(&facts).map_err(|error| error.to_string())? {
            fitting.push(item);
        }
    }
    Ok(fitting)
}

/// The sum over items; none where it does not fit. What is below 0 counts as 0.
pub(super) fn total(items: &[&Item], of: impl Fn(&Item) -> i64) -> Option<i64> {
    items
        .iter()
        .try_fold(0_i64, |sum, item| sum.checked_add(of(item).max(0)))
}

fn optional(
    environment: &Environment,
    field: &'static str,
    source: &str,
) -> Result<Option<Condition>, Vec<RuleMistake>> {
    if source.trim().is_empty() {
        return Ok(None);
    }
    Condition::compile(environment, source)
        .map(Some)
        .map_err(|errors| mistakes(field, errors))
}

fn mistakes(field: &'static str, errors: Vec<RuleError>) -> Vec<RuleMistake> {
    errors.into_iter().map(|error| RuleMistake { field, error }).collect()
}
