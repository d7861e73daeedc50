use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use contracts_points::v1::{EarningDecision, ExplainEarningRequest, ExplainEarningResponse, RuleOutcome, RuleVerdict};
use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{CompiledRule, EarningRule, RuleState, explain};
use rpc::Call;

use super::activities::wire::{ORDER_PAID, activity_facts};
use super::decisions::wire::{outcome_from_wire, refunded_to_wire};
use super::decisions::{decisions, decisions_of_source};
use super::orders::{OrderKey, orders};
use super::rows::{find_rule_at, rule, rule_versions};
use crate::api::PointsApi;
use crate::wire::{parse_id, parse_time};

/// As many decisions as one answer has: activities of one member with the same number at their sources.
const DECISIONS_MAX: i64 = 20;

/// The versions that decided, by code and version.
type Versions = HashMap<(String, i32), Arc<CompiledRule>>;

impl PointsApi {
    pub(crate) async fn explain_earning(
        &self,
        call: Call<ExplainEarningRequest>,
    ) -> Result<ExplainEarningResponse, Fault> {
        let tenant = call.tenant();
        let mut found = self.find_decisions(tenant, &call).await?;
        let versions = self.versions(tenant, &found).await?;
        self.add_refunds(tenant, &mut found).await?;
        for decision in &mut found {
            explain_outcomes(decision, &versions)?;
            if !call.rule_code.is_empty() {
                self.keep_one(tenant, decision, &call.rule_code).await?;
            }
        }
        Ok(ExplainEarningResponse { decisions: found })
    }

    async fn find_decisions(
        &self,
        tenant: Tenant,
        asked: &ExplainEarningRequest,
    ) -> Result<Vec<EarningDecision>, Fault> {
        let by_source = !asked.member_id.is_empty() && !asked.source_id.is_empty();
        let by_neither = asked.member_id.is_empty() && asked.source_id.is_empty();
        let (found, name) = match asked.activity_id.as_str() {
            "" if by_source => (self.by_source(tenant, asked).await?, &asked.source_id),
            activity_id if by_neither && !activity_id.is_empty() => {
                let activity = parse_id("activity_id", activity_id)?;
                let found = decisions(self.db.read(), &BTreeSet::from([(tenant, activity)])).await?;
                (found.into_values().collect(), &asked.activity_id)
            }
            _ => {
                let message = "must be given, or member_id together with source_id: one of the two";
                return Err(Fault::invalid("activity_id", message));
            }
        };
        if found.is_empty() {
            return Err(Fault::not_found("earning decision about activity", name));
        }
        Ok(found)
    }

    /// Adds to orders what was given back of them until now.
    async fn add_refunds(&self, tenant: Tenant, decisions: &mut [EarningDecision]) -> Result<(), Fault> {
        let keys = decisions.iter().filter_map(|decision| paid_order(tenant, decision));
        let known = orders(self.db.read(), &keys.collect()).await?;
        for decision in decisions {
            let order = paid_order(tenant, decision).and_then(|key| known.get(&key));
            let told = order.map(|order| order.money.told()).unwrap_or_default();
            decision.refunds.extend(told.into_iter().map(refunded_to_wire));
        }
        Ok(())
    }

    /// What was decided about the member as it is named, and as whom it was merged into.
    async fn by_source(&self, tenant: Tenant, asked: &ExplainEarningRequest) -> Result<Vec<EarningDecision>, Fault> {
        let named = parse_id("member_id", &asked.member_id)?;
        let survivor = self.read_member(tenant, named).await?;
        let mut found = Vec::new();
        for member in BTreeSet::from([named, survivor]) {
            found.extend(decisions_of_source(self.db.read(), tenant, member, &asked.source_id, DECISIONS_MAX).await?);
        }
        found.sort_by(|a, b| a.activity_id.cmp(&b.activity_id));
        found.truncate(usize::try_from(DECISIONS_MAX).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Keeps the outcome of one rule; where it was not judged, says why.
    async fn keep_one(&self, tenant: Tenant, decision: &mut EarningDecision, code: &str) -> Result<(), Fault> {
        decision.outcomes.retain(|outcome| outcome.rule_code == code);
        if decision.outcomes.is_empty() {
            let latest = rule(self.db.read(), tenant, code).await?;
            let decided = parse_time("decide_time", decision.decide_time.as_ref())?.unwrap_or(Time::MAX);
            let then = find_rule_at(self.db.read(), tenant, code, decided).await?;
            let outcome = not_judged(decision, &latest.rule, then.as_ref(), decided);
            decision.outcomes.push(outcome);
        }
        Ok(())
    }

    async fn versions(&self, tenant: Tenant, decisions: &[EarningDecision]) -> Result<Versions, Fault> {
        let outcomes = decisions.iter().flat_map(|decision| &decision.outcomes);
        let named = outcomes.map(version_of).collect();
        let rules = rule_versions(self.db.read(), tenant, &named).await?;
        let compiled = rules.into_iter().map(|rule| {
            let key = (rule.code.clone(), rule.version);
            Ok((key, Arc::new(self.compile(rule)?)))
        });
        compiled.collect()
    }
}

/// The order that a decision is about.
fn paid_order(tenant: Tenant, decision: &EarningDecision) -> Option<OrderKey> {
    let activity = decision.activity.as_ref().filter(|it| it.activity_type == ORDER_PAID)?;
    Some(OrderKey {
        tenant,
        channel: activity.channel_code.clone(),
        source_id: activity.source_id.clone(),
    })
}

/// Adds the words: the version that decided, explained on what it decided by.
fn explain_outcomes(decision: &mut EarningDecision, versions: &Versions) -> Result<(), Fault> {
    let activity = decision
        .activity
        .as_ref()
        .ok_or_else(|| Fault::internal("a decision was kept without its activity"))?;
    let facts = activity_facts(activity, &decision.tier_code);
    for kept in &mut decision.outcomes {
        let rule = versions
            .get(&version_of(kept))
            .ok_or_else(|| Fault::internal("a decision names a version that is not there"))?;
        kept.explanation = explain(&outcome_from_wire(kept, rule.clone())?, &facts);
    }
    Ok(())
}

/// Why a rule is not among the outcomes: by the version that there was then.
fn not_judged(
    decision: &EarningDecision,
    latest: &EarningRule,
    then: Option<&EarningRule>,
    decided: Time,
) -> RuleOutcome {
    let rule = then.unwrap_or(latest);
    let (verdict, why) = match then {
        None => (RuleVerdict::NotInForce, "no version was in force yet".to_owned()),
        Some(then) if then.state != RuleState::Active => (
            RuleVerdict::NotInForce,
            format!("the rule was {} then", then.state.name()),
        ),
        Some(then) if !is_for(then, decision) => {
            let types = then.activity_types.join(", ");
            let channels = match then.channels.as_slice() {
                [] => "all channels".to_owned(),
                channels => channels.join(", "),
            };
            (
                RuleVerdict::OtherActivity,
                format!("the rule is for {types} in {channels}"),
            )
        }
        Some(_) if decision.omitted_count > 0 => (
            RuleVerdict::Unspecified,
            "so many rules were judged that what this one said was not kept".to_owned(),
        ),
        Some(then) => (
            RuleVerdict::NotInForce,
            format!("the version came into force at {}, just after", then.effect),
        ),
    };
    let explanation = format!("it was decided at {decided}: {why}");
    RuleOutcome {
        rule_code: rule.code.clone(),
        rule_version: then.map_or(0, |then| then.version),
        asset_code: rule.asset.to_string(),
        verdict: verdict.into(),
        explanation,
        ..RuleOutcome::default()
    }
}

fn is_for(rule: &EarningRule, decision: &EarningDecision) -> bool {
    decision.activity.as_ref().is_some_and(|activity| {
        let of_channel = rule.channels.is_empty() || rule.channels.contains(&activity.channel_code);
        of_channel && rule.activity_types.contains(&activity.activity_type)
    })
}

fn version_of(outcome: &RuleOutcome) -> (String, i32) {
    (outcome.rule_code.clone(), outcome.rule_version)
}
