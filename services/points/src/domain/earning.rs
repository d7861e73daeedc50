//! How activities earn: rules with amounts, multipliers of what those earn, and the caps of both.
//!
//! Rules are found by the type and the channel of an activity ([`RuleBook`]), judged one after the other ([`judge`]), and
//! take what they earn from their caps and budgets ([`Counters`]), which the caller has locked. Deciding moves the counters
//! on, so that the next activity sees the one before.

mod book;
mod calendar;
mod caps;
mod compiled;
mod currency;
pub(crate) mod explain;
mod facts;
pub(crate) mod judge;
mod rule;

pub(crate) use book::RuleBook;
pub(crate) use caps::{CapKind, CapUse, CounterKey, Counters, Subject, counter_keys, counter_keys_of};
pub(crate) use compiled::{CompiledRule, RuleMistake};
pub(crate) use explain::explain;
pub(crate) use facts::{ActivityFacts, Item, environment};
pub(crate) use judge::{Calendars, Outcome, Verdict, judge};
pub(crate) use rule::{Amount, EarningRule, ItemWorth, MemberCaps, Multiplier, Rate, Rounding, RuleState};

#[cfg(test)]
mod tests;
