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
mod explain;
mod facts;
mod judge;
mod rule;

pub use book::RuleBook;
pub use caps::{CapKind, CapUse, CounterKey, Counters, Subject, counter_keys, counter_keys_of};
pub use compiled::{CompiledRule, RuleMistake};
pub use explain::explain;
pub use facts::{ActivityFacts, Item, environment};
pub use judge::{Calendars, Outcome, Verdict, judge};
pub use rule::{Amount, EarningRule, ItemWorth, MemberCaps, Multiplier, Rate, Rounding, RuleState};

#[cfg(test)]
mod tests;
