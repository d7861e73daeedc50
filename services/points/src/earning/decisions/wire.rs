//! What was decided about an activity: as the contract tells it, and as it is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::r#type::v1 as shared;
use contracts_points::v1 as wire;
use contracts_points::v1::RuleVerdict;
use contracts_tagging::v1::Activity;
use fault::Fault;
use kernel::{Exact, Time};
use ledger::{ActivityFacts, CapKind, CapUse, CompiledRule, EntryId, MemberId, Outcome, Refunded, Verdict, explain};

/// As many outcomes as a decision tells; more rules than that for one type and channel are judged, but not told.
const OUTCOMES_MAX: usize = 500;

/// A decision, without the explanations, which follow from it.
pub(crate) fn decision_to_wire(
    activity: &Activity,
    member: MemberId,
    tier: &str,
    decide_time: Time,
    outcomes: &[(Outcome, Option<EntryId>)],
) -> wire::EarningDecision {
    let told = outcomes.iter().take(OUTCOMES_MAX);
    let omitted = outcomes.len().saturating_sub(OUTCOMES_MAX);
    wire::EarningDecision {
        activity_id: activity.activity_id.clone(),
        member_id: member.to_string(),
        decide_time: Some(decide_time.to_wire()),
        activity: Some(activity.clone()),
        tier_code: tier.to_owned(),
        outcomes: told.map(|(outcome, entry)| outcome_to_wire(outcome, *entry)).collect(),
        amounts: amounts(outcomes.iter().map(|(outcome, _)| outcome)),
        omitted_count: i32::try_from(omitted).unwrap_or(i32::MAX),
        refunds: Vec::new(),
    }
}

/// What was given back of an order in one currency.
pub(crate) fn refunded_to_wire(refunded: Refunded) -> wire::RefundedMoney {
    let amount = refunded.amount.map(|(currency_code, minor_units)| shared::Money {
        currency_code,
        minor_units,
    });
    wire::RefundedMoney {
        amount,
        counts: refunded.counts,
        explanation: refunded.explanation,
    }
}

/// What outcomes earn together, by asset.
pub(crate) fn amounts<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> BTreeMap<String, i64> {
    let mut amounts: BTreeMap<String, i64> = BTreeMap::new();
    for outcome in outcomes {
        if let Verdict::Earns(amount) = outcome.verdict {
            let sum = amounts.entry(outcome.rule.rule.asset.to_string()).or_default();
            *sum = sum.exact_add(amount);
        }
    }
    amounts
}

/// An outcome with its explanation.
pub(crate) fn explained_outcome(outcome: &Outcome, activity: &ActivityFacts) -> wire::RuleOutcome {
    wire::RuleOutcome {
        explanation: explain(outcome, activity),
        ..outcome_to_wire(outcome, None)
    }
}

fn outcome_to_wire(outcome: &Outcome, entry: Option<EntryId>) -> wire::RuleOutcome {
    let rule = &outcome.rule.rule;
    let (verdict, amount, by, explanation) = match &outcome.verdict {
        Verdict::Earns(amount) => (RuleVerdict::Earns, *amount, "", ""),
        Verdict::OutOfTime => (RuleVerdict::OutOfTime, 0, "", ""),
        Verdict::ConditionFalse => (RuleVerdict::ConditionFalse, 0, "", ""),
        Verdict::OtherCurrency => (RuleVerdict::OtherCurrency, 0, "", ""),
        Verdict::Stopped(by) => (RuleVerdict::Stopped, 0, by.as_str(), ""),
        Verdict::Excluded(by) => (RuleVerdict::Excluded, 0, by.as_str(), ""),
        Verdict::Nothing(_) => (RuleVerdict::Nothing, 0, "", ""),
        Verdict::CapReached => (RuleVerdict::CapReached, 0, "", ""),
        Verdict::BudgetSpent => (RuleVerdict::BudgetSpent, 0, "", ""),
        Verdict::Failed(why) => (RuleVerdict::Failed, 0, "", why.as_str()),
        Verdict::Refused(why) => (RuleVerdict::Refused, 0, "", why.as_str()),
    };
    let uncapped = match outcome.verdict {
        Verdict::Nothing(amount) => amount,
        _ => outcome.uncapped,
    };
    wire::RuleOutcome {
        rule_code: rule.code.clone(),
        rule_version: rule.version,
        asset_code: rule.asset.to_string(),
        verdict: verdict.into(),
        amount,
        explanation: explanation.to_owned(),
        uncapped_amount: uncapped,
        base_amount: outcome.base,
        caps: outcome.caps.iter().map(cap_to_wire).collect(),
        by_rule_code: by.to_owned(),
        entry_id: entry.map(|entry| entry.to_string()).unwrap_or_default(),
        utc_offset_minutes: outcome.utc_offset_minutes,
    }
}

/// An outcome as it was kept, with the version of the rule that it is of.
pub(crate) fn outcome_from_wire(kept: &wire::RuleOutcome, rule: Arc<CompiledRule>) -> Result<Outcome, Fault> {
    let by = || kept.by_rule_code.clone();
    let why = || kept.explanation.clone();
    let verdict = match kept.verdict() {
        RuleVerdict::Earns => Verdict::Earns(kept.amount),
        RuleVerdict::OutOfTime => Verdict::OutOfTime,
        RuleVerdict::ConditionFalse => Verdict::ConditionFalse,
        RuleVerdict::OtherCurrency => Verdict::OtherCurrency,
        RuleVerdict::Stopped => Verdict::Stopped(by()),
        RuleVerdict::Excluded => Verdict::Excluded(by()),
        RuleVerdict::Nothing => Verdict::Nothing(kept.uncapped_amount),
        RuleVerdict::CapReached => Verdict::CapReached,
        RuleVerdict::BudgetSpent => Verdict::BudgetSpent,
        RuleVerdict::Failed => Verdict::Failed(why()),
        RuleVerdict::Refused => Verdict::Refused(why()),
        RuleVerdict::Unspecified | RuleVerdict::NotInForce | RuleVerdict::OtherActivity => {
            return Err(Fault::internal("a decision was kept with no verdict"));
        }
    };
    Ok(Outcome {
        verdict,
        uncapped: kept.uncapped_amount,
        base: kept.base_amount,
        caps: caps_from_wire(&kept.caps)?,
        utc_offset_minutes: kept.utc_offset_minutes,
        rule,
    })
}

fn cap_to_wire(cap: &CapUse) -> wire::CapUse {
    wire::CapUse {
        kind: cap.kind.number(),
        period: cap.period.clone(),
        limit: cap.limit,
        used: cap.used,
        taken: cap.taken,
    }
}

/// The caps of an outcome as they were kept.
pub(crate) fn caps_from_wire(caps: &[wire::CapUse]) -> Result<Vec<CapUse>, Fault> {
    let cap = |cap: &wire::CapUse| {
        let unknown = || Fault::internal(format!("a decision was kept with a cap of the kind {}", cap.kind));
        Ok(CapUse {
            kind: CapKind::from_number(cap.kind).ok_or_else(unknown)?,
            period: cap.period.clone(),
            limit: cap.limit,
            used: cap.used,
            taken: cap.taken,
        })
    };
    caps.iter().map(cap).collect()
}
