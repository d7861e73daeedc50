//! Which of a batch's activities are judged, and what becomes of what they earn.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use contracts_points::v1::{EarningDecision, RefundedMoney};
use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{
    AccountKey, Act, ActivityFacts, ActivityId, Availability, Calendars, CapUse, CompiledRule, CounterKey, Counters,
    EarnedBy, Effects, EntryId, MemberId, Outcome, Posting, Refusal, Subject, Verdict, counter_keys, counter_keys_of,
    judge,
};
use store::Tx;

use super::Arrived;
use crate::asset::rows::assets;
use crate::earning::activities::wire::{activity_facts, cost_centre, inputs_digest};
use crate::earning::caps::{lock_counters, save_counters};
use crate::earning::decisions::wire::{caps_from_wire, decision_to_wire};
use crate::earning::decisions::{DecisionRow, decisions, save_decisions};
use crate::earning::rule_books::RuleBooks;
use crate::earning::tiers::rows::tiers;
use crate::posting::entries::EarnRow;

/// An activity that rules are for, not judged yet.
struct Matched<'a> {
    arrived: &'a Arrived,
    subject: Subject,
    rules: Vec<Arc<CompiledRule>>,
    tier: String,
    facts: ActivityFacts,
}

/// What was decided about one activity.
struct Decided<'a> {
    arrived: &'a Arrived,
    subject: Subject,
    tier: String,
    outcomes: Vec<(Outcome, Option<EntryId>)>,
}

/// A refund in another currency than its order's.
pub(crate) struct ForeignRefund<'a> {
    pub(crate) arrived: &'a Arrived,
    pub(crate) told: RefundedMoney,
}

/// By tenant, activity and rule: from which caps an earn was taken.
type Draws = HashMap<(Tenant, ActivityId, String), Vec<CapUse>>;

/// What a batch's activities earn, with the counters that they have drawn on, locked.
pub(crate) struct Judged<'a> {
    pub(crate) earns: Vec<Posting>,
    /// Of each earn: whose decision and which of its outcomes it is.
    places: Vec<(usize, usize)>,
    decided: Vec<Decided<'a>>,
    counters: Counters,
    draws: Draws,
}

/// Judges the activities that were not judged before. `refunded` are the activities of orders that are taken back from, and
/// `holder` whose counters are meant by the member of an earn.
pub(crate) async fn judge_all<'a>(
    tx: &Tx,
    books: &RuleBooks,
    now: Time,
    arrived: &'a [Arrived],
    known: &[EarnRow],
    refunded: &HashSet<(Tenant, ActivityId)>,
    holder: impl Fn(&EarnRow) -> MemberId,
) -> Result<Judged<'a>, Fault> {
    let asked = arrived
        .iter()
        .map(|it| (it.tenant, it.id))
        .chain(refunded.iter().copied());
    let prior = decisions(&**tx, &asked.collect()).await?;
    let matched = match_rules(tx, books, now, arrived, known, &prior).await?;
    let calendars = calendars(tx, &matched).await?;

    let mut draws = Draws::new();
    let mut keys: BTreeSet<CounterKey> = matched.iter().flat_map(|it| needed(it, &calendars)).collect();
    for earn in known
        .iter()
        .filter(|earn| refunded.contains(&(earn.tenant, earn.activity)))
    {
        let caps = caps_of(earn, &prior)?;
        let subject = Subject {
            tenant: earn.tenant,
            member: Some(holder(earn)),
        };
        keys.extend(counter_keys_of(&caps, &subject, &earn.rule_code));
        draws.insert((earn.tenant, earn.activity, earn.rule_code.clone()), caps);
    }
    let mut judged = Judged {
        earns: Vec::new(),
        places: Vec::new(),
        decided: Vec::with_capacity(matched.len()),
        counters: lock_counters(tx, &keys).await?,
        draws,
    };
    for it in matched {
        let calendars = calendars.get(&it.subject.tenant).cloned().unwrap_or_default();
        judged.judge(it, &calendars);
    }
    Ok(judged)
}

/// The activities that rules are for and that nobody has decided yet. An activity that was judged is not judged again,
/// whatever the rules are by now; one that earned before decisions were kept was judged, too.
async fn match_rules<'a>(
    tx: &Tx,
    books: &RuleBooks,
    now: Time,
    arrived: &'a [Arrived],
    known: &[EarnRow],
    prior: &HashMap<(Tenant, ActivityId), EarningDecision>,
) -> Result<Vec<Matched<'a>>, Fault> {
    let books = books.of(tx, &arrived.iter().map(|it| it.tenant).collect(), now).await?;
    let tiers = tiers(&**tx, &arrived.iter().map(|it| (it.tenant, it.member)).collect()).await?;
    let mut seen: HashSet<(Tenant, ActivityId)> = known.iter().map(|it| (it.tenant, it.activity)).collect();
    seen.extend(prior.keys().copied());
    let mut matched = Vec::new();
    for arrived in arrived.iter().filter(|it| seen.insert((it.tenant, it.id))) {
        let Some(book) = books.get(&arrived.tenant) else {
            continue;
        };
        let rules = book.matching(&arrived.activity.activity_type, &arrived.activity.channel_code);
        if rules.is_empty() {
            continue;
        }
        let tier = tiers
            .get(&(arrived.tenant, arrived.member))
            .cloned()
            .unwrap_or_default();
        matched.push(Matched {
            arrived,
            subject: Subject {
                tenant: arrived.tenant,
                member: Some(arrived.member),
            },
            facts: activity_facts(&arrived.activity, &tier),
            rules,
            tier,
        });
    }
    Ok(matched)
}

async fn calendars(tx: &Tx, matched: &[Matched<'_>]) -> Result<HashMap<Tenant, Calendars>, Fault> {
    let codes = matched.iter().flat_map(|it| {
        let tenant = it.arrived.tenant;
        it.rules.iter().map(move |rule| (tenant, rule.rule.asset.clone()))
    });
    let mut calendars: HashMap<Tenant, Calendars> = HashMap::new();
    for ((tenant, code), asset) in assets(&**tx, codes.collect()).await? {
        calendars
            .entry(tenant)
            .or_default()
            .insert(code, asset.utc_offset_minutes);
    }
    Ok(calendars)
}

fn needed(it: &Matched<'_>, calendars: &HashMap<Tenant, Calendars>) -> BTreeSet<CounterKey> {
    let calendars = calendars.get(&it.subject.tenant);
    let of_rule = |rule: &Arc<CompiledRule>| {
        let offset = calendars.and_then(|calendars| calendars.get(&rule.rule.asset)).copied();
        counter_keys(&rule.rule, &it.subject, &it.facts, offset.unwrap_or(0))
    };
    it.rules.iter().flat_map(of_rule).collect()
}

/// From which caps an earlier earn was taken; none, if it was decided before decisions were kept.
fn caps_of(earn: &EarnRow, prior: &HashMap<(Tenant, ActivityId), EarningDecision>) -> Result<Vec<CapUse>, Fault> {
    let decision = prior.get(&(earn.tenant, earn.activity));
    let outcome = decision.and_then(|it| it.outcomes.iter().find(|outcome| outcome.rule_code == earn.rule_code));
    outcome.map_or(Ok(Vec::new()), |outcome| caps_from_wire(&outcome.caps))
}

impl<'a> Judged<'a> {
    fn judge(&mut self, it: Matched<'a>, calendars: &Calendars) {
        let outcomes = judge(it.rules, &it.facts, &it.subject, calendars, &mut self.counters);
        let (arrived, digest) = (it.arrived, inputs_digest(&it.arrived.activity, &it.tier));
        for (index, outcome) in outcomes.iter().enumerate() {
            let rule = &outcome.rule.rule;
            match &outcome.verdict {
                Verdict::Earns(amount) => {
                    self.places.push((self.decided.len(), index));
                    self.earns.push(earn(arrived, outcome, *amount, &digest));
                }
                Verdict::Failed(error) => {
                    tracing::warn!(tenant = %arrived.tenant, activity = %arrived.id, rule = rule.code, error, "a rule failed");
                }
                Verdict::OutOfTime
                | Verdict::ConditionFalse
                | Verdict::OtherCurrency
                | Verdict::Stopped(_)
                | Verdict::Excluded(_)
                | Verdict::Nothing(_)
                | Verdict::CapReached
                | Verdict::BudgetSpent
                | Verdict::Refused(_) => {}
            }
        }
        self.decided.push(Decided {
            arrived,
            subject: it.subject,
            tier: it.tier,
            outcomes: outcomes.into_iter().map(|outcome| (outcome, None)).collect(),
        });
    }

    /// Notes what the ledger made of each earn. One that it refused, because the asset's last day is over or the balance is
    /// full, takes nothing from the caps.
    pub(crate) fn note_posted(&mut self, posted: &[Result<Effects, Refusal>]) {
        for (&(decided, index), posted) in self.places.iter().zip(posted) {
            let Some(decided) = self.decided.get_mut(decided) else {
                continue;
            };
            let (arrived, subject) = (decided.arrived, decided.subject);
            let Some((outcome, entry)) = decided.outcomes.get_mut(index) else {
                continue;
            };
            let rule = outcome.rule.rule.code.clone();
            match posted {
                Ok(effects) => {
                    *entry = effects.entry().map(|entry| entry.id);
                    self.draws
                        .insert((arrived.tenant, arrived.id, rule), outcome.caps.clone());
                }
                Err(refusal) => {
                    if let Verdict::Earns(amount) = outcome.verdict {
                        self.counters.give_back(&rule, &subject, &outcome.caps, amount);
                    }
                    for cap in &mut outcome.caps {
                        cap.taken = 0;
                    }
                    outcome.verdict = Verdict::Refused(refusal.to_string());
                }
            }
        }
    }

    /// Gives back to the caps of an earn what a refund has taken back of it.
    pub(crate) fn note_taken_back(&mut self, earn: &EarnRow, member: MemberId, amount: i64) {
        let key = (earn.tenant, earn.activity, earn.rule_code.clone());
        let subject = Subject {
            tenant: earn.tenant,
            member: Some(member),
        };
        if let Some(caps) = self.draws.get(&key) {
            self.counters.give_back(&earn.rule_code, &subject, caps, amount);
        }
    }

    /// Keeps the counters and the decisions, also about refunds that take nothing back, whatever rules are for them.
    pub(crate) async fn save(self, tx: &Tx, now: Time, mut foreign: Vec<ForeignRefund<'_>>) -> Result<(), Fault> {
        save_counters(tx, &self.counters).await?;
        let mut rows = Vec::with_capacity(self.decided.len());
        for it in self.decided {
            let mut decision = decision_to_wire(&it.arrived.activity, it.arrived.member, &it.tier, now, &it.outcomes);
            let own = foreign.extract_if(.., |refund| refund.is_of(it.arrived));
            decision.refunds.extend(own.map(|refund| refund.told));
            rows.push(decision_row(it.arrived, now, decision));
        }
        for ForeignRefund { arrived, told } in foreign {
            let mut decision = decision_to_wire(&arrived.activity, arrived.member, "", now, &[]);
            decision.refunds.push(told);
            rows.push(decision_row(arrived, now, decision));
        }
        save_decisions(tx, rows).await
    }
}

impl ForeignRefund<'_> {
    fn is_of(&self, arrived: &Arrived) -> bool {
        (self.arrived.tenant, self.arrived.id) == (arrived.tenant, arrived.id)
    }
}

fn decision_row(arrived: &Arrived, now: Time, decision: EarningDecision) -> DecisionRow {
    DecisionRow {
        tenant: arrived.tenant,
        activity: arrived.id,
        member: arrived.member,
        source_id: arrived.activity.source_id.clone(),
        decide_time: now,
        decision,
    }
}

fn earn(arrived: &Arrived, outcome: &Outcome, amount: i64, digest: &[u8]) -> Posting {
    let rule = &outcome.rule.rule;
    Posting {
        account: AccountKey {
            tenant: arrived.tenant,
            member: arrived.member,
            asset: rule.asset.clone(),
        },
        act: Act::Earn {
            amount,
            expire_time: None,
            availability: Availability::AtOnce,
        },
        reference: arrived.activity.source_id.clone(),
        earned_by: Some(EarnedBy {
            activity: arrived.id,
            rule_code: rule.code.clone(),
            rule_version: rule.version,
            inputs_digest: digest.to_vec(),
        }),
        cost_centre: cost_centre(&arrived.activity),
    }
}
