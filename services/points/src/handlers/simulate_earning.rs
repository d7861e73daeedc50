use std::collections::{BTreeMap, BTreeSet};

use contracts::points::v1::{SimulateEarningRequest, SimulateEarningResponse};
use contracts::tagging::v1::Activity;
use fault::Fault;
use kernel::Tenant;
use rpc::Call;

use super::PointsApi;
use crate::domain::{RuleBook, Verdict, judge};
use crate::store::{active_rules, draft_rules, tiers};
use crate::wire::{activity_facts, outcome_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn simulate_earning(
        &self,
        call: Call<SimulateEarningRequest>,
    ) -> Result<SimulateEarningResponse, Fault> {
        let activity = call
            .activity
            .as_ref()
            .ok_or_else(|| Fault::invalid("activity", "is required"))?;
        let tier = match call.tier_code.as_str() {
            "" => self.tier_of(call.tenant(), activity).await?,
            assumed => assumed.to_owned(),
        };
        let book = self.rule_book(call.tenant(), call.include_drafts).await?;
        let facts = activity_facts(activity, &tier);
        let outcomes = judge(book.matching(&facts.activity_type, &facts.channel), &facts);
        let mut amounts: BTreeMap<String, i64> = BTreeMap::new();
        for outcome in &outcomes {
            if let Verdict::Earns(amount) = outcome.verdict {
                let sum = amounts.entry(outcome.rule.rule.asset.to_string()).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
        let outcomes = outcomes
            .iter()
            .map(|outcome| outcome_to_wire(outcome, &facts))
            .collect();
        Ok(SimulateEarningResponse { outcomes, amounts })
    }

    async fn tier_of(&self, tenant: Tenant, activity: &Activity) -> Result<String, Fault> {
        if activity.member_id.is_empty() {
            return Ok(String::new());
        }
        let member = self
            .read_member(tenant, parse_id("activity.member_id", &activity.member_id)?)
            .await?;
        let tiers = tiers(self.db.read(), &BTreeSet::from([(tenant, member)])).await?;
        Ok(tiers.into_values().next().unwrap_or_default())
    }

    async fn rule_book(&self, tenant: Tenant, include_drafts: bool) -> Result<RuleBook, Fault> {
        let mut rules = active_rules(self.db.read(), tenant).await?;
        if include_drafts {
            rules.extend(draft_rules(self.db.read(), tenant).await?);
        }
        let compiled: Result<Vec<_>, Fault> = rules.into_iter().map(|rule| self.compile(rule)).collect();
        Ok(RuleBook::new(compiled?))
    }
}
