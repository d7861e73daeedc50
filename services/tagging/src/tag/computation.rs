//! Computed tags: windowed aggregates over a member's activities, kept up to date by each activity alone.
//!
//! A standing is what a member's matching activities amount to. It is folded from contributions in any order: adding is
//! commutative, so late and out-of-order activities need no special case. It says when it must be looked at again: the
//! moment at which the activity that it rests on leaves the window. Then it is folded afresh from the activities that are
//! left. (Subtracting what left would spare reading the rest of the window, but it would need to know which activities
//! are counted in; folding afresh needs nothing but the activities, and repairs whatever was wrong.)

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use kernel::{Exact, Time};

use super::value::{TEXT_LEN_MAX, Value, ValueType};
use crate::activity::Activity;

/// How a tag follows from activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computation {
    /// What is made of the matching activities.
    pub aggregate: Aggregate,
    /// The types that match.
    pub activity_types: BTreeSet<String>,
    /// The channels that match; all where empty.
    pub channel_codes: BTreeSet<String>,
    /// After how many days an activity ceases to count; never where absent.
    pub window_days: Option<u16>,
}

/// What is made of the matching activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many there are.
    Count,
    /// The sum of an operand.
    Sum(Operand),
    /// The operand of the latest.
    Last(Operand),
    /// The operand of the earliest.
    First(Operand),
}

/// What of an activity goes into an aggregate. An activity that lacks it does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The amount in minor units, of activities in this currency.
    Amount {
        /// The currency's code.
        currency_code: String,
    },
    /// The quantities of all items together.
    Quantity,
    /// When it happened.
    OccurTime,
    /// The channel's code.
    ChannelCode,
    /// An attribute.
    Attribute {
        /// The attribute's name.
        name: String,
    },
}

/// What one activity adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Its place among the others.
    pub mark: Mark,
    /// One for a count, else the operand.
    pub value: Value,
}

/// The place of an activity in a member's history. Activities of one moment are ordered by their keys, not by their
/// arrival, so that every order of arrival ends in the same standing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When it happened.
    pub time: Time,
    /// The activity's key as it is written.
    pub key: String,
}

/// What a member's matching activities amount to; there is none where none is in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The tag's value.
    pub value: Value,
    /// The activity whose leaving changes it: the earliest, of a Last the latest.
    pub mark: Mark,
    /// When that activity leaves the window; absent without a window.
    pub due_time: Option<Time>,
}

impl Computation {
    /// The type of the tag's values.
    pub fn value_type(&self) -> ValueType {
        match &self.aggregate {
            Aggregate::Count => ValueType::Int,
            Aggregate::Sum(operand) | Aggregate::Last(operand) | Aggregate::First(operand) => operand.value_type(),
        }
    }

    /// What an activity adds, if it matches.
    pub fn contribution(&self, activity: &Activity) -> Option<Contribution> {
        let key = &activity.key;
        let matches = self.activity_types.contains(&key.activity_type)
            && (self.channel_codes.is_empty() || self.channel_codes.contains(&key.channel_code));
        if !matches {
            return None;
        }
        let value = match &self.aggregate {
            Aggregate::Count => Value::Int(1),
            Aggregate::Sum(operand) | Aggregate::Last(operand) | Aggregate::First(operand) => operand.of(activity)?,
        };
        Some(Contribution {
            mark: Mark {
                time: activity.occur_time,
                key: key.to_string(),
            },
            value,
        })
    }

    /// The standing after one more activity. The standing that is given must not be overdue.
    pub fn add(&self, standing: Option<Standing>, added: Contribution, now: Time) -> Option<Standing> {
        debug_assert!(
            standing
                .as_ref()
                .is_none_or(|standing| standing.due_time.is_none_or(|due| due > now))
        );
        if self
            .leave_time(added.mark.time)
            .is_some_and(|leave_time| leave_time <= now)
        {
            return standing;
        }
        let (value, mark) = match standing {
            None => (added.value, added.mark),
            Some(standing) => self.combine(standing, added),
        };
        let due_time = self.leave_time(mark.time);
        Some(Standing { value, mark, due_time })
    }

    /// The standing of a member with these activities and no others.
    pub fn over<'a>(&self, activities: impl IntoIterator<Item = &'a Activity>, now: Time) -> Option<Standing> {
        let contributions = activities
            .into_iter()
            .filter_map(|activity| self.contribution(activity));
        contributions.fold(None, |standing, added| self.add(standing, added, now))
    }

    /// The moment before which activities count no longer; the beginning of time without a window.
    pub fn window_start(&self, now: Time) -> Time {
        self.window_days.map_or(Time::from_micros(i64::MIN), |days| {
            now.plus_days(i64::from(days).saturating_neg())
        })
    }

    fn combine(&self, standing: Standing, added: Contribution) -> (Value, Mark) {
        match &self.aggregate {
            Aggregate::Count | Aggregate::Sum(_) => (sum(standing.value, added.value), standing.mark.min(added.mark)),
            Aggregate::Last(_) if added.mark > standing.mark => (added.value, added.mark),
            Aggregate::First(_) if added.mark < standing.mark => (added.value, added.mark),
            Aggregate::Last(_) | Aggregate::First(_) => (standing.value, standing.mark),
        }
    }

    fn leave_time(&self, occur_time: Time) -> Option<Time> {
        self.window_days.map(|days| occur_time.plus_days(i64::from(days)))
    }
}

impl Operand {
    /// The type of the operand's values.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Amount { .. } | Self::Quantity => ValueType::Int,
            Self::OccurTime => ValueType::Time,
            Self::ChannelCode | Self::Attribute { .. } => ValueType::Text,
        }
    }

    fn of(&self, activity: &Activity) -> Option<Value> {
        match self {
            Self::Amount { currency_code } => {
                let amount = activity
                    .amount
                    .filter(|amount| amount.currency_code() == currency_code)?;
                Some(Value::Int(amount.minor_units()))
            }
            Self::Quantity => activity.quantity().map(Value::Int),
            Self::OccurTime => Some(Value::Time(activity.occur_time)),
            Self::ChannelCode => text(&activity.key.channel_code),
            Self::Attribute { name } => activity.attributes.get(name).and_then(|value| text(value)),
        }
    }
}

fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| Value::Text(text.chars().take(TEXT_LEN_MAX).collect()))
}

/// Counts and sums are of whole numbers. The amount of an activity is bounded so that nine million of one member's are
/// counted in 64 bits.
fn sum(left: Value, right: Value) -> Value {
    match (&left, &right) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a.exact_add(*b)),
        (Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Time(_), _) => left,
    }
}
