use std::collections::BTreeSet;

use contracts::r#type::v1 as shared;
use contracts_points::v1::{SimulateEarningRequest, SimulateEarningResponse};
use contracts_tagging::v1::Activity;
use fault::{Fault, Violations};
use kernel::{Currency, Money, Tenant, Time};
use ledger::{Calendars, EarningRule, MemberId, RuleBook, Subject, counter_keys, judge};
use rpc::Call;

use super::activities::wire::activity_facts;
use super::caps::read_counters;
use super::decisions::wire::{amounts, explained_outcome};
use super::rows::{draft_rules, rules_at};
use super::tiers::rows::tiers;
use crate::api::PointsApi;
use crate::asset::rows::assets;
use crate::earning::rows::draft::rule_drafts;
use crate::wire::{parse_id, parse_time};

impl PointsApi {
    pub(crate) async fn simulate_earning(
        &self,
        call: Call<SimulateEarningRequest>,
    ) -> Result<SimulateEarningResponse, Fault> {
        let tenant = call.tenant();
        let activity = call
            .activity
            .as_ref()
            .ok_or_else(|| Fault::invalid("activity", "is required"))?;
        let activity = &with_amount(activity)?;
        let at = parse_time("at_time", call.at_time.as_ref())?.unwrap_or_else(|| self.clock.now());
        let member = self.member_of(tenant, activity).await?;
        let tier = match call.tier_code.as_str() {
            "" => self.tier_of(tenant, member).await?,
            assumed => assumed.to_owned(),
        };
        let book = self.rule_book(tenant, at, &call).await?;
        let facts = activity_facts(activity, &tier);
        let rules = book.matching(&facts.activity_type, &facts.channel);

        let codes = rules.iter().map(|rule| (tenant, rule.rule.asset.clone())).collect();
        let found = assets(self.db.read(), codes).await?;
        let calendars: Calendars = found
            .into_iter()
            .map(|((_, code), asset)| (code, asset.utc_offset_minutes))
            .collect();
        let subject = Subject { tenant, member };
        let keys = rules.iter().flat_map(|rule| {
            let utc_offset_minutes = calendars.get(&rule.rule.asset).copied().unwrap_or(0);
            counter_keys(&rule.rule, &subject, &facts, utc_offset_minutes)
        });
        let mut counters = read_counters(self.db.read(), &keys.collect()).await?;
        let outcomes = judge(rules, &facts, &subject, &calendars, &mut counters);
        Ok(SimulateEarningResponse {
            amounts: amounts(outcomes.iter()),
            outcomes: outcomes
                .iter()
                .map(|outcome| explained_outcome(outcome, &facts))
                .collect(),
        })
    }

    async fn member_of(&self, tenant: Tenant, activity: &Activity) -> Result<Option<MemberId>, Fault> {
        if activity.member_id.is_empty() {
            return Ok(None);
        }
        let member = parse_id("activity.member_id", &activity.member_id)?;
        self.read_member(tenant, member).await.map(Some)
    }

    async fn tier_of(&self, tenant: Tenant, member: Option<MemberId>) -> Result<String, Fault> {
        let members: BTreeSet<(Tenant, MemberId)> = member.map(|member| (tenant, member)).into_iter().collect();
        let tiers = tiers(self.db.read(), &members).await?;
        Ok(tiers.into_values().next().unwrap_or_default())
    }

    /// The rules in force at a time, those that have a draft which is asked for replaced by it.
    async fn rule_book(&self, tenant: Tenant, at: Time, asked: &SimulateEarningRequest) -> Result<RuleBook, Fault> {
        let mut rules = rules_at(self.db.read(), tenant, at).await?;
        if asked.include_drafts || !asked.draft_rule_codes.is_empty() {
            let mut drafts = draft_rules(self.db.read(), tenant).await?;
            drafts.extend(rule_drafts(self.db.read(), tenant).await?);
            let drafts = asked_drafts(drafts, asked)?;
            let drafted: BTreeSet<&str> = drafts.iter().map(|rule| rule.code.as_str()).collect();
            rules.retain(|rule| !drafted.contains(rule.code.as_str()));
            rules.extend(drafts);
        }
        let compiled: Result<Vec<_>, Fault> = rules.into_iter().map(|rule| self.compile(rule)).collect();
        Ok(RuleBook::new(compiled?))
    }
}

/// The activity with its amount, which is what its lines come to where it is absent, as if it were recorded: refused by what
/// would refuse it then.
fn with_amount(activity: &Activity) -> Result<Activity, Fault> {
    let mut violations = Violations::new();
    let mut money = |path: &str, money: &Option<shared::Money>| {
        let money = money.as_ref()?;
        money.parse(&format!("activity.{path}"), &mut violations)
    };
    let amount = money("amount", &activity.amount);
    let discount = money("discount_amount", &activity.discount_amount);
    let surcharge = money("surcharge_amount", &activity.surcharge_amount);
    let items = activity.items.iter().enumerate();
    let items: Vec<Option<Money>> = items
        .map(|(index, item)| money(&format!("items[{index}].amount"), &item.amount))
        .collect();
    let told = [amount, discount, surcharge].into_iter().chain(items.iter().copied());
    let currencies: BTreeSet<Currency> = told.flatten().map(|money| money.currency()).collect();
    violations.check(
        currencies.len() <= 1,
        "activity.amount.currency_code",
        "must be that of all amounts: an activity is in one currency",
    );
    if activity.occur_time.is_some() {
        violations.recorded_time("activity.occur_time", activity.occur_time.as_ref());
    }
    violations.finish()?;
    let lines: Option<Vec<Money>> = items.into_iter().collect();
    let amount = amount.or_else(|| due(&lines?, discount, surcharge));
    Ok(Activity {
        amount: amount.map(Into::into),
        ..activity.clone()
    })
}

/// What lines come to.
fn due(lines: &[Money], discount: Option<Money>, surcharge: Option<Money>) -> Option<Money> {
    let (first, others) = lines.split_first()?;
    let added = others.iter().copied().chain(surcharge);
    let sum = added.into_iter().try_fold(*first, Money::checked_add)?;
    discount.map_or(Some(sum), |discount| sum.checked_sub(discount))
}

/// The drafts that are named, each of which there must be, or all, if that was asked for.
fn asked_drafts(drafts: Vec<EarningRule>, asked: &SimulateEarningRequest) -> Result<Vec<EarningRule>, Fault> {
    for code in &asked.draft_rule_codes {
        if !drafts.iter().any(|draft| draft.code == *code) {
            return Err(Fault::not_found("draft of earning rule", code));
        }
    }
    let wanted = |draft: &EarningRule| asked.include_drafts || asked.draft_rule_codes.contains(&draft.code);
    Ok(drafts.into_iter().filter(wanted).collect())
}
