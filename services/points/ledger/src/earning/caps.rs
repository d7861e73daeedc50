//! What is left of the caps of members and of the budgets of rules.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Exact, Tenant};

use super::calendar::LocalTime;
use super::{ActivityFacts, EarningRule};
use crate::MemberId;

/// Whose activity is judged. Without a member, a simulation is for one who has earned nothing yet.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The tenant whose rules judge.
    pub tenant: Tenant,
    /// The member, where there is one.
    pub member: Option<MemberId>,
}

/// A limit of what a rule earns; its numbers are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapKind {
    /// Of one activity. It needs no counter.
    Activity,
    /// Of one member in one day.
    MemberDay,
    /// Of one member in one month.
    MemberMonth,
    /// Of one member for ever.
    MemberTotal,
    /// Of all members together.
    Budget,
}

/// A limit, and what a rule found and took of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapUse {
    /// Which limit it is.
    pub kind: CapKind,
    /// The day or the month; empty for the others.
    pub period: String,
    /// How much it allows.
    pub limit: i64,
    /// How much was used before.
    pub used: i64,
    /// How much this rule took of it.
    pub taken: i64,
}

/// What is counted. The order is that in which counters are locked: the budgets, which many wait for, last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterKey {
    /// What one member has earned by a rule in a period.
    Member {
        /// The tenant of both.
        tenant: Tenant,
        /// The member.
        member: MemberId,
        /// The rule's code.
        rule: String,
        /// "2026-11-08", "2026-11" or "total".
        period: String,
    },
    /// What all members have earned by a rule.
    Budget {
        /// The rule's tenant.
        tenant: Tenant,
        /// The rule's code.
        rule: String,
    },
}

/// How the table keeps the period of what is counted for ever.
const TOTAL: &str = "total";

/// What has been used of each limit, as far as it was loaded.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    counters: BTreeMap<CounterKey, Counter>,
}

/// What has been used of one limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// How much has been used.
    pub used: i64,
    /// The limit by which the last earn was decided: the table holds `used` within it.
    pub limit: i64,
    changed: bool,
}

impl Counters {
    /// Takes in what the table says of a limit.
    pub fn load(&mut self, key: CounterKey, used: i64, limit: i64) {
        let counter = Counter {
            used,
            limit,
            changed: false,
        };
        self.counters.insert(key, counter);
    }

    /// The counters that have to be written.
    pub fn changed(&self) -> impl Iterator<Item = (&CounterKey, &Counter)> {
        self.counters.iter().filter(|(_, counter)| counter.changed)
    }

    /// Takes as much of an amount as every limit of the rule still allows, and tells what it found.
    pub(super) fn draw(
        &mut self,
        rule: &EarningRule,
        subject: &Subject,
        local: &LocalTime,
        wanted: i64,
    ) -> (i64, Vec<CapUse>) {
        let mut uses = limits(rule, local);
        for cap in &mut uses {
            cap.used = key_of(cap, subject, &rule.code)
                .and_then(|key| self.counters.get(&key))
                .map_or(0, |counter| counter.used);
        }
        let granted = uses.iter().map(CapUse::left).fold(wanted, i64::min);
        for cap in &mut uses {
            cap.taken = granted;
            let Some(key) = key_of(cap, subject, &rule.code).filter(|_| granted > 0) else {
                continue;
            };
            let counter = self.counters.entry(key).or_default();
            counter.used = counter.used.exact_add(granted);
            counter.limit = cap.limit;
            counter.changed = true;
            assert!(counter.used <= counter.limit, "rule {} overdraws {cap:?}", rule.code);
        }
        (granted, uses)
    }

    /// Gives back what an earn had taken, or a part of it. A counter that has meanwhile been used by nobody is not there.
    pub fn give_back(&mut self, rule: &str, subject: &Subject, uses: &[CapUse], amount: i64) {
        for key in uses.iter().filter_map(|cap| key_of(cap, subject, rule)) {
            if let Some(counter) = self.counters.get_mut(&key) {
                counter.used = counter.used.exact_sub(amount).max(0);
                counter.changed = true;
            }
        }
    }
}

impl CapUse {
    fn left(&self) -> i64 {
        self.limit.exact_sub(self.used).max(0)
    }

    /// Whether nothing was left of it.
    pub(super) fn is_used_up(&self) -> bool {
        self.left() == 0
    }
}

/// The counters that judging this rule for this activity needs.
pub fn counter_keys(
    rule: &EarningRule,
    subject: &Subject,
    activity: &ActivityFacts,
    utc_offset_minutes: i32,
) -> BTreeSet<CounterKey> {
    let uses = limits(rule, &LocalTime::of(activity.occur_time, utc_offset_minutes));
    counter_keys_of(&uses, subject, &rule.code).collect()
}

/// The counters that these limits are counted by.
pub fn counter_keys_of<'u>(
    uses: &'u [CapUse],
    subject: &'u Subject,
    rule: &'u str,
) -> impl Iterator<Item = CounterKey> + 'u {
    uses.iter().filter_map(move |cap| key_of(cap, subject, rule))
}

/// The limits that a rule has, unused.
fn limits(rule: &EarningRule, local: &LocalTime) -> Vec<CapUse> {
    let limit = |kind, period, limit| CapUse {
        kind,
        period,
        limit,
        used: 0,
        taken: 0,
    };
    let mut limits = Vec::new();
    if rule.amount_max > 0 {
        limits.push(limit(CapKind::Activity, String::new(), rule.amount_max));
    }
    if rule.caps.day > 0 {
        limits.push(limit(CapKind::MemberDay, local.day_name(), rule.caps.day));
    }
    if rule.caps.month > 0 {
        limits.push(limit(CapKind::MemberMonth, local.month_name(), rule.caps.month));
    }
    if rule.caps.total > 0 {
        limits.push(limit(CapKind::MemberTotal, String::new(), rule.caps.total));
    }
    if rule.budget > 0 {
        limits.push(limit(CapKind::Budget, String::new(), rule.budget));
    }
    limits
}

fn key_of(cap: &CapUse, subject: &Subject, rule: &str) -> Option<CounterKey> {
    let tenant = subject.tenant;
    let of_member = |period: &str| {
        Some(CounterKey::Member {
            tenant,
            member: subject.member?,
            rule: rule.to_owned(),
            period: period.to_owned(),
        })
    };
    match cap.kind {
        CapKind::Activity => None,
        CapKind::MemberDay | CapKind::MemberMonth => of_member(&cap.period),
        CapKind::MemberTotal => of_member(TOTAL),
        CapKind::Budget => Some(CounterKey::Budget {
            tenant,
            rule: rule.to_owned(),
        }),
    }
}

impl CapKind {
    /// The kind of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [
            Self::Activity,
            Self::MemberDay,
            Self::MemberMonth,
            Self::MemberTotal,
            Self::Budget,
        ]
        .into_iter()
        .find(|kind| kind.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Activity => 1,
            Self::MemberDay => 2,
            Self::MemberMonth => 3,
            Self::MemberTotal => 4,
            Self::Budget => 5,
        }
    }

    /// As people are told.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Activity => "of an activity",
            Self::MemberDay => "of the member on",
            Self::MemberMonth => "of the member in",
            Self::MemberTotal => "of the member for ever",
            Self::Budget => "of the rule's budget",
        }
    }
}
