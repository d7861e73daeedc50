mod judging;
pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use contracts_tagging::v1::{Activity, ActivityRecorded};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact, Tenant};
use ledger::{AccountKey, Act, ActivityId, EarnedBy, Effects, Extent, Member, MemberId, Posting, Refunded, Refusal};
use lineage::Redirects;
use store::Tx;

use super::decisions::decisions;
use super::decisions::wire::refunded_to_wire;
use super::orders::{OrderKey, OrderRow, counted_refunds, orders, save_orders, save_refunds};
use super::rule_books::RuleBooks;
use crate::account::rows::lock;
use crate::posting::entries::{EarnRow, earns_of_activities};
use crate::posting::post::post_many;
use crate::posting::refusals::refused;
use crate::wire::parse_id;
use judging::{ForeignRefund, Judged, judge_all};
use wire::{ORDER_PAID, ORDER_REFUNDED};

/// Lets activities earn by the rules in force, and takes back what refunded orders had earned.
///
/// An activity is judged once, whatever is repeated and whatever becomes of the rules: what was decided is kept with it, and
/// an entry bears activity and rule, which is unique. A refund that arrives before its order is remembered, and counts when
/// the order arrives. What a refund takes back comes back to the caps and the budget that the earn was taken from.
///
/// Counters are locked before accounts, each in one order.
pub(crate) struct EarnByRules {
    clock: Clock,
    books: RuleBooks,
}

impl EarnByRules {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            books: RuleBooks::new(),
        }
    }
}

/// An activity that has arrived.
struct Arrived {
    tenant: Tenant,
    id: ActivityId,
    member: MemberId,
    activity: Activity,
}

/// An order that this batch is about, and which of its activities has changed its money; none where all were told before.
struct Touched {
    order: OrderRow,
    by: Option<ActivityId>,
    /// Which activities of this batch refund it, with their money.
    refunds: Vec<(ActivityId, String, i64)>,
}

#[async_trait]
impl Consumer for EarnByRules {
    fn name(&self) -> &'static str {
        "points.earn_by_rules"
    }

    fn stream(&self) -> &'static str {
        "tagging"
    }

    fn types(&self) -> &'static [&'static str] {
        &[ActivityRecorded::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut arrived = facts.iter().map(parse).collect::<Result<Vec<Arrived>, Fault>>()?;
        let money = count_money(tx, &arrived).await?;
        let known = known_earns(tx, &arrived, &money).await?;

        let members = arrived
            .iter()
            .map(|it| (it.tenant, it.member))
            .chain(known.iter().map(|it| (it.tenant, it.member)));
        let redirects = Redirects::of(&**tx, members.collect::<Vec<_>>()).await?;
        for it in &mut arrived {
            it.member = redirects.follow(it.tenant, it.member);
        }
        let now = self.clock.now();
        let refunded: HashSet<(Tenant, ActivityId)> = refunded_activities(&money).collect();
        let holder = |earn: &EarnRow| redirects.follow(earn.tenant, earn.member);
        let mut judged = judge_all(tx, &self.books, now, &arrived, &known, &refunded, holder).await?;
        lock_all(tx, &judged.earns, &known, &refunded, &redirects).await?;

        let mut earned = known;
        let posted = post_many(tx, &self.clock, &judged.earns).await?;
        check_mendable(&posted)?;
        judged.note_posted(&posted);
        let new = judged.earns.iter().zip(posted);
        earned.extend(new.filter_map(|(posting, outcome)| new_earn(posting, outcome)));
        self.claim_back(tx, &mut judged, &earned, &money, &redirects).await?;
        judged.save(tx, now, foreign_refunds(&arrived, &money)).await?;
        let touched = money.iter().map(|(key, touched)| (key, &touched.order));
        let earning: HashSet<ActivityId> = earned.iter().map(|earn| earn.activity).collect();
        save_orders(
            tx,
            touched.filter(|(_, order)| worth_keeping(order, &earning)).collect(),
        )
        .await
    }
}

fn parse(fact: &Envelope) -> Result<Arrived, Fault> {
    let recorded: ActivityRecorded = fact.decode()?;
    let activity = recorded
        .activity
        .ok_or_else(|| Fault::invalid("activity", "is missing"))?;
    let id = parse_id("activity.activity_id", &activity.activity_id)?;
    let member = parse_id("activity.member_id", &activity.member_id)?;
    Ok(Arrived {
        tenant: fact.tenant,
        id,
        member,
        activity,
    })
}

/// The order that an activity pays or refunds.
fn order_key(it: &Arrived) -> Option<OrderKey> {
    let source_id = match it.activity.activity_type.as_str() {
        ORDER_PAID => &it.activity.source_id,
        ORDER_REFUNDED if !it.activity.refunded_source_id.is_empty() => &it.activity.refunded_source_id,
        _ => return None,
    };
    Some(OrderKey {
        tenant: it.tenant,
        channel: it.activity.channel_code.clone(),
        source_id: source_id.clone(),
    })
}

/// What was paid and given back of the orders that these activities are about, with them. A refund that names no amount
/// is one of the whole order, however large: it stands at the end of 64 bits, and stays there. One that is told again is
/// not another.
async fn count_money(tx: &Tx, arrived: &[Arrived]) -> Result<BTreeMap<OrderKey, Touched>, Fault> {
    let mut known = orders(&**tx, &arrived.iter().filter_map(order_key).collect()).await?;
    find_currencies(tx, &mut known).await?;
    let refunds = arrived.iter().filter(|it| it.activity.activity_type == ORDER_REFUNDED);
    let counted = counted_refunds(&**tx, &refunds.map(|it| (it.tenant, it.id)).collect()).await?;
    let mut new: BTreeSet<(Tenant, ActivityId)> = BTreeSet::new();
    let mut money: BTreeMap<OrderKey, Touched> = BTreeMap::new();
    for it in arrived {
        let Some(key) = order_key(it) else { continue };
        let order = || known.get(&key).cloned().unwrap_or_default();
        let touched = money.entry(key.clone()).or_insert_with(|| Touched {
            order: order(),
            by: None,
            refunds: Vec::new(),
        });
        if it.activity.activity_type == ORDER_PAID {
            touched.pay(it);
        } else if !counted.contains(&(it.tenant, it.id)) && new.insert((it.tenant, it.id)) {
            touched.refund(it);
        }
    }
    save_refunds(tx, &new).await?;
    Ok(money)
}

impl Touched {
    fn pay(&mut self, it: &Arrived) {
        self.order.money.pay(amount(&it.activity));
        if self.order.activity.replace(it.id) != Some(it.id) {
            self.by = Some(it.id);
        }
    }

    fn refund(&mut self, it: &Arrived) {
        let amount = amount(&it.activity);
        self.order.money.refund(amount);
        if let Some((currency, minor_units)) = amount {
            self.refunds.push((it.id, currency.to_owned(), minor_units));
        }
        if amount.is_none_or(|(currency, _)| self.order.money.counts(currency)) {
            self.by = Some(it.id);
        }
    }

    /// Which of this batch's refunds are in another currency than the order, and what becomes of them.
    fn foreign(&self) -> impl Iterator<Item = (ActivityId, Refunded)> {
        let money = &self.order.money;
        let refunds = self.refunds.iter().filter(|(_, currency, _)| !money.counts(currency));
        refunds.map(|(activity, currency, minor_units)| (*activity, money.tell(currency, *minor_units)))
    }
}

fn amount(activity: &Activity) -> Option<(&str, i64)> {
    let amount = activity.amount.as_ref()?;
    Some((&amount.currency_code, amount.minor_units))
}

/// Orders that were kept before currencies were have them in what was decided about them.
async fn find_currencies(tx: &Tx, orders: &mut HashMap<OrderKey, OrderRow>) -> Result<(), Fault> {
    let lacking = orders.iter().filter(|(_, order)| order.money.lacks_currency());
    let lacking = lacking.filter_map(|(key, order)| Some((key.tenant, order.activity?)));
    let decided = decisions(&**tx, &lacking.collect()).await?;
    for (key, order) in orders {
        let decision = order.activity.and_then(|activity| decided.get(&(key.tenant, activity)));
        if let Some((currency, _)) = decision.and_then(|it| amount(it.activity.as_ref()?)) {
            currency.clone_into(&mut order.money.currency);
        }
    }
    Ok(())
}

fn foreign_refunds<'a>(arrived: &'a [Arrived], money: &BTreeMap<OrderKey, Touched>) -> Vec<ForeignRefund<'a>> {
    let told = money.iter().flat_map(|(key, touched)| {
        let foreign = touched.foreign();
        foreign.map(|(activity, told)| ((key.tenant, activity), told))
    });
    let mut told: HashMap<(Tenant, ActivityId), Refunded> = told.collect();
    let foreign = arrived.iter().filter_map(|arrived| {
        let told = refunded_to_wire(told.remove(&(arrived.tenant, arrived.id))?);
        Some(ForeignRefund { arrived, told })
    });
    foreign.collect()
}

/// What was earned before by these activities, and by the orders that they refund.
async fn known_earns(tx: &Tx, arrived: &[Arrived], money: &BTreeMap<OrderKey, Touched>) -> Result<Vec<EarnRow>, Fault> {
    let of_orders = money
        .iter()
        .filter_map(|(key, touched)| Some((key.tenant, touched.order.activity?)));
    let activities: BTreeSet<(Tenant, ActivityId)> =
        arrived.iter().map(|it| (it.tenant, it.id)).chain(of_orders).collect();
    earns_of_activities(&**tx, &activities).await
}

impl EarnByRules {
    /// Takes back what refunded orders do not deserve any more.
    async fn claim_back(
        &self,
        tx: &Tx,
        judged: &mut Judged<'_>,
        earned: &[EarnRow],
        money: &BTreeMap<OrderKey, Touched>,
        redirects: &Redirects<Member>,
    ) -> Result<(), Fault> {
        let (earns, claims): (Vec<&EarnRow>, Vec<Posting>) = claims(earned, money, redirects).into_iter().unzip();
        let outcomes = post_many(tx, &self.clock, &claims).await?;
        for ((earn, claim), outcome) in earns.into_iter().zip(&claims).zip(outcomes) {
            let taken = note_claim(claim, outcome)?;
            judged.note_taken_back(earn, claim.account.member, taken);
        }
        Ok(())
    }
}

/// Locks the accounts of the earns and of the claims together, so that all are locked in one order.
async fn lock_all(
    tx: &Tx,
    earns: &[Posting],
    known: &[EarnRow],
    refunded: &HashSet<(Tenant, ActivityId)>,
    redirects: &Redirects<Member>,
) -> Result<(), Fault> {
    let claimed = known
        .iter()
        .filter(|earn| refunded.contains(&(earn.tenant, earn.activity)));
    let claimed: Vec<AccountKey> = claimed.map(|earn| account_of(earn, redirects)).collect();
    if claimed.is_empty() {
        return Ok(());
    }
    let keys = earns
        .iter()
        .map(|posting| posting.account.clone())
        .chain(claimed)
        .collect();
    lock(tx, &keys).await.map(drop)
}

fn refunded_activities(money: &BTreeMap<OrderKey, Touched>) -> impl Iterator<Item = (Tenant, ActivityId)> {
    let refunded = money.iter().filter(|(_, touched)| touched.order.money.refunded() > 0);
    refunded.filter_map(|(key, touched)| Some((key.tenant, touched.order.activity?)))
}

fn account_of(earn: &EarnRow, redirects: &Redirects<Member>) -> AccountKey {
    let member = redirects.follow(earn.tenant, earn.member);
    AccountKey {
        tenant: earn.tenant,
        member,
        asset: earn.asset.clone(),
    }
}

/// What would have been earned must not be lost where an operator has something to mend first, a frozen account or an
/// asset that lets nothing be granted: the activity is put aside whole, to be sent again.
fn check_mendable(outcomes: &[Result<Effects, Refusal>]) -> Result<(), Fault> {
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    let mut mendable =
        refusals.filter(|refusal| matches!(refusal, Refusal::Frozen { .. } | Refusal::ExpiryBeyondCalendar { .. }));
    mendable.next().map_or(Ok(()), |refusal| Err(refused(refusal.clone())))
}

/// What a posting of this batch has earned. A refused one, whose asset's last day is over or whose balance is full, has
/// earned nothing; repeating it would change nothing.
fn new_earn(posting: &Posting, outcome: Result<Effects, Refusal>) -> Option<EarnRow> {
    let effects = match outcome {
        Ok(effects) => effects,
        Err(refusal) => {
            tracing::warn!(account = ?posting.account, %refusal, "a rule's earn was refused");
            return None;
        }
    };
    let entry = effects.entry()?;
    let by = entry.earned_by.clone()?;
    Some(EarnRow {
        tenant: entry.account.tenant,
        activity: by.activity,
        rule_code: by.rule_code,
        rule_version: by.rule_version,
        inputs_digest: by.inputs_digest,
        entry: entry.id,
        member: entry.account.member,
        asset: entry.account.asset.clone(),
        amount: entry.amount,
    })
}

/// What refunded orders have to give back of what they earned: the share of the money, in total with what was taken back
/// before. The version of the rule that earned it is in the entry, so that today's rule has no part in it.
fn claims<'e>(
    earned: &'e [EarnRow],
    money: &BTreeMap<OrderKey, Touched>,
    redirects: &Redirects<Member>,
) -> Vec<(&'e EarnRow, Posting)> {
    let mut of_activity: HashMap<(Tenant, ActivityId), Vec<&EarnRow>> = HashMap::new();
    for earn in earned {
        of_activity.entry((earn.tenant, earn.activity)).or_default().push(earn);
    }
    let mut claims = Vec::new();
    for (key, touched) in money {
        let order = &touched.order;
        let (Some(activity), Some(by)) = (order.activity, touched.by) else {
            continue;
        };
        if order.money.refunded() == 0 {
            continue;
        }
        for earn in of_activity.get(&(key.tenant, activity)).into_iter().flatten() {
            let total = order.money.due_back(earn.amount);
            let claim = Posting {
                account: account_of(earn, redirects),
                act: Act::Reverse {
                    entry: earn.entry,
                    extent: Extent::Total(total),
                },
                reference: key.source_id.clone(),
                earned_by: Some(EarnedBy {
                    activity: by,
                    rule_code: earn.rule_code.clone(),
                    rule_version: earn.rule_version,
                    inputs_digest: earn.inputs_digest.clone(),
                }),
                cost_centre: None,
            };
            claims.push((*earn, claim));
        }
    }
    claims
}

/// How much a claim has taken, or left as a debt: that is the asset's policy. What is neither taken nor owed stays in the
/// entry's reversible rest, and the order's next refund asks for it again.
fn note_claim(claim: &Posting, outcome: Result<Effects, Refusal>) -> Result<i64, Fault> {
    match outcome {
        Ok(effects) => {
            if effects.missing > 0 {
                tracing::info!(account = ?claim.account, missing = effects.missing, "a refund found too little to take back");
            }
            Ok(effects.entry().map_or(0, |entry| entry.amount.saturating_abs()))
        }
        Err(Refusal::Insufficient { requested, .. }) => {
            tracing::info!(account = ?claim.account, missing = requested, "a refund found nothing to take back");
            Ok(0)
        }
        // All that is due has been taken back before, or nothing ever is.
        Err(Refusal::ExceedsEntry { .. } | Refusal::ClawbackForbidden { .. }) => Ok(0),
        Err(
            refusal @ (Refusal::NotSpendable { .. }
            | Refusal::ExpiryPassed { .. }
            | Refusal::ExpiryBeyondCalendar { .. }
            | Refusal::Overflow { .. }
            | Refusal::Frozen { .. }
            | Refusal::NotReversible { .. }
            | Refusal::HoldNotOpen { .. }
            | Refusal::ExceedsHold { .. }
            | Refusal::TransferForbidden { .. }
            | Refusal::TransferToSelf { .. }
            | Refusal::NotPending { .. }
            | Refusal::NothingPending { .. }
            | Refusal::AdjustmentNotPending { .. }
            | Refusal::AdjustmentNeedsAnother { .. }),
        ) => Err(refused(refusal)),
    }
}

/// An order that has earned nothing and of which nothing was refunded need not be remembered.
fn worth_keeping(order: &OrderRow, earning: &HashSet<ActivityId>) -> bool {
    order.money.has_refunds() || order.activity.is_some_and(|activity| earning.contains(&activity))
}

#[cfg(test)]
mod tests;
