use std::collections::BTreeSet;

use super::compiled::CompiledAmount;
use super::facts::{AMOUNTS, CURRENCY};
use super::{CompiledRule, ItemWorth};

impl CompiledRule {
    /// Whether the rule takes amounts of every currency alike: it reads some, names no currency of its own, and does not
    /// look at the activity's either, in its condition or where the amounts are read.
    pub fn mixes_currencies(&self) -> bool {
        let condition = self.condition.as_ref().map(|it| Reading::of(&it.reads()));
        let condition = condition.unwrap_or_default();
        let amount = self.amount.reading();
        // What the condition lets pass is in the currencies that it was asked for.
        let told = !self.rule.currency.is_empty() || condition.currency;
        !told && (condition.amounts || (amount.amounts && !amount.currency))
    }
}

/// What a part of a rule reads of the money.
#[derive(Default)]
struct Reading {
    amounts: bool,
    currency: bool,
}

impl Reading {
    fn of(facts: &BTreeSet<String>) -> Self {
        Self {
            amounts: AMOUNTS.iter().any(|amount| facts.contains(*amount)),
            currency: facts.contains(CURRENCY),
        }
    }
}

impl CompiledAmount {
    fn reading(&self) -> Reading {
        match self {
            Self::Formula(formula) => Reading::of(&formula.reads()),
            Self::Fixed(_) | Self::Multiplier(_) => Reading::default(),
            Self::Rate(_) => Reading {
                amounts: true,
                currency: false,
            },
            Self::PerItem { condition, worth } => {
                let items = condition.as_ref().map(|it| Reading::of(&it.reads()));
                let items = items.unwrap_or_default();
                Reading {
                    amounts: items.amounts || matches!(worth, ItemWorth::Rate(_)),
                    ..items
                }
            }
        }
    }
}
