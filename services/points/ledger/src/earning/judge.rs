use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kernel::Exact;
use rules::Facts;

use super::calendar::LocalTime;
use super::compiled::CompiledAmount;
use super::{ActivityFacts, CapKind, CapUse, CompiledRule, Counters, EarningRule, Multiplier, Subject};
use crate::AssetCode;

/// How many minutes each asset's calendar is ahead of UTC; an asset that is not in it is in UTC.
pub type Calendars = HashMap<AssetCode, i32>;

/// What one rule made of one activity.
#[derive(Debug)]
pub struct Outcome {
    /// The rule.
    pub rule: Arc<CompiledRule>,
    /// What it came to.
    pub verdict: Verdict,
    /// What it would have earned without caps.
    pub uncapped: i64,
    /// Of a multiplier: what it was counted on.
    pub base: i64,
    /// The limits that it met, and what it took of them.
    pub caps: Vec<CapUse>,
    /// How far the calendar of the rule's asset is ahead of UTC.
    pub utc_offset_minutes: i32,
}

/// What a rule came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It earns this amount.
    Earns(i64),
    /// The activity happened before the rule's start, or at its end or after.
    OutOfTime,
    /// The condition does not hold.
    ConditionFalse,
    /// The activity's amounts are in another currency than the rule's.
    OtherCurrency,
    /// The rule of this code has earned before, and lets no other follow.
    Stopped(String),
    /// The rule of this code has earned before, and is of the same group.
    Excluded(String),
    /// The amount came to this, which is 0 or less.
    Nothing(i64),
    /// Nothing is left of one of the member's caps.
    CapReached,
    /// Nothing is left of the budget.
    BudgetSpent,
    /// An expression could not be evaluated, for this reason.
    Failed(String),
    /// The ledger refused the earn.
    Refused(String),
}

/// Judges rules in their order. Each earns by itself, until one that stops the others of its asset and kind has earned.
/// Takes from the counters what is earned.
pub fn judge(
    rules: Vec<Arc<CompiledRule>>,
    activity: &ActivityFacts,
    subject: &Subject,
    calendars: &Calendars,
    counters: &mut Counters,
) -> Vec<Outcome> {
    let mut judging = Judging {
        activity,
        subject,
        counters,
        facts: BTreeMap::new(),
        stopped: HashMap::new(),
        taken_groups: HashMap::new(),
        earned: Vec::new(),
    };
    rules
        .into_iter()
        .map(|rule| {
            let utc_offset_minutes = calendars.get(&rule.rule.asset).copied().unwrap_or(0);
            judging.judge(rule, utc_offset_minutes)
        })
        .collect()
}

/// An activity that is being judged, and what the rules before have done.
struct Judging<'a> {
    activity: &'a ActivityFacts,
    subject: &'a Subject,
    counters: &'a mut Counters,
    /// The facts by calendar.
    facts: BTreeMap<i32, Facts>,
    /// By asset and kind: which rule stops the others.
    stopped: HashMap<(AssetCode, bool), String>,
    /// By asset, kind and group: which rule has earned.
    taken_groups: HashMap<(AssetCode, bool, String), String>,
    earned: Vec<Earned>,
}

struct Earned {
    asset: AssetCode,
    rule: String,
    amount: i64,
    multiplied: bool,
}

impl Judging<'_> {
    fn judge(&mut self, rule: Arc<CompiledRule>, utc_offset_minutes: i32) -> Outcome {
        let mut outcome = Outcome {
            verdict: Verdict::OutOfTime,
            uncapped: 0,
            base: 0,
            caps: Vec::new(),
            utc_offset_minutes,
            rule,
        };
        outcome.verdict = match self.hindrance(&outcome.rule, utc_offset_minutes) {
            Some(verdict) => verdict,
            None => self.earn(&mut outcome),
        };
        if let Verdict::Earns(amount) = outcome.verdict {
            self.note(&outcome.rule.rule, amount);
        }
        outcome
    }

    /// Why a rule does not come to the question of how much.
    fn hindrance(&mut self, compiled: &CompiledRule, utc_offset_minutes: i32) -> Option<Verdict> {
        let rule = &compiled.rule;
        let currency = &self.activity.currency;
        if !rule.currency.is_empty() && !currency.is_empty() && rule.currency != *currency {
            return Some(Verdict::OtherCurrency);
        }
        let kind = (rule.asset.clone(), rule.is_multiplier());
        if let Some(by) = self.stopped.get(&kind) {
            return Some(Verdict::Stopped(by.clone()));
        }
        if let Some(by) = self.taken_groups.get(&(kind.0, kind.1, rule.exclusion_group.clone())) {
            return Some(Verdict::Excluded(by.clone()));
        }
        let occurred = self.activity.occur_time;
        let too_early = rule.start.is_some_and(|start| occurred < start);
        let too_late = rule.end.is_some_and(|end| occurred >= end);
        if too_early || too_late {
            return Some(Verdict::OutOfTime);
        }
        let condition = compiled.condition.as_ref()?;
        match condition.eval(self.facts(utc_offset_minutes)) {
            Ok(true) => None,
            Ok(false) => Some(Verdict::ConditionFalse),
            Err(error) => Some(Verdict::Failed(error.to_string())),
        }
    }

    fn earn(&mut self, outcome: &mut Outcome) -> Verdict {
        let compiled = outcome.rule.clone();
        if let CompiledAmount::Multiplier(multiplier) = &compiled.amount {
            outcome.base = self.base(&compiled.rule.asset, multiplier);
        }
        let activity = self.activity;
        let gross = compiled.gross(activity, self.facts(outcome.utc_offset_minutes), outcome.base);
        outcome.uncapped = match gross {
            Ok(amount) if amount > 0 => amount,
            Ok(amount) => return Verdict::Nothing(amount),
            Err(error) => return Verdict::Failed(error),
        };
        let local = LocalTime::of(activity.occur_time, outcome.utc_offset_minutes);
        let (granted, caps) = self
            .counters
            .draw(&compiled.rule, self.subject, &local, outcome.uncapped);
        outcome.caps = caps;
        if granted > 0 {
            return Verdict::Earns(granted);
        }
        let of_member = |cap: &CapUse| cap.kind != CapKind::Budget && cap.is_used_up();
        if outcome.caps.iter().any(of_member) {
            Verdict::CapReached
        } else {
            Verdict::BudgetSpent
        }
    }

    /// What a multiplier is counted on.
    fn base(&self, asset: &AssetCode, multiplier: &Multiplier) -> i64 {
        let counts = |earned: &&Earned| {
            let named = multiplier.base_rules.is_empty() || multiplier.base_rules.contains(&earned.rule);
            earned.asset == *asset && if earned.multiplied { multiplier.compounds } else { named }
        };
        let counted = self.earned.iter().filter(counts);
        counted.fold(0_i64, |sum, earned| sum.exact_add(earned.amount))
    }

    fn note(&mut self, rule: &EarningRule, amount: i64) {
        let multiplied = rule.is_multiplier();
        if rule.stop {
            self.stopped.insert((rule.asset.clone(), multiplied), rule.code.clone());
        }
        if !rule.exclusion_group.is_empty() {
            let group = (rule.asset.clone(), multiplied, rule.exclusion_group.clone());
            self.taken_groups.insert(group, rule.code.clone());
        }
        self.earned.push(Earned {
            asset: rule.asset.clone(),
            rule: rule.code.clone(),
            amount,
            multiplied,
        });
    }

    /// The facts in a calendar: made once for all rules of it.
    fn facts(&mut self, utc_offset_minutes: i32) -> &Facts {
        let activity = self.activity;
        self.facts
            .entry(utc_offset_minutes)
            .or_insert_with(|| activity.in_calendar(utc_offset_minutes))
    }
}
