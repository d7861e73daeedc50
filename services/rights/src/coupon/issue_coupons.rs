use std::collections::{BTreeMap, BTreeSet};

use contracts_rights::v1 as proto;
use contracts_rights::v1::issue_result::Outcome;
use contracts_rights::v1::{IssueCouponsRequest, IssueCouponsResponse};
use fault::{Fault, Violations};
use kernel::{Id, Tenant, Time};
use lineage::Redirects;
use rpc::Call;
use store::Tx;

use super::Coupon;
use super::issuing;
use super::issuing::{Issued, Item, ItemOutcome};
use super::wire;
use super::{allowances, facts, refusals, rows};
use crate::api::RightsApi;
use crate::coupon_template;
use crate::coupon_template::CouponTemplate;
use crate::member;
use crate::member::MemberId;

/// A coupon that was just issued, with the id of the item that asked for it.
type New<'a> = (&'a Coupon, Option<&'a str>);

impl RightsApi {
    pub(crate) async fn issue_coupons(&self, call: Call<IssueCouponsRequest>) -> Result<IssueCouponsResponse, Fault> {
        let asked = parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let (tenant, code) = (call.tenant(), &call.template_code);
        let items = lock_members(&tx, tenant, asked).await?;
        let template = coupon_template::rows::find_locked(&tx, tenant, code).await?;
        let template = template.ok_or_else(|| Fault::not_found("coupon template", code))?;
        let issued = issued_before(&tx, tenant, code, &items).await?;

        let now = self.clock.now();
        let outcomes = issuing::issue(&template, &items, issued, now, || Id::generate(&self.clock))
            .map_err(|refusal| coupon_template::refusals::of_template(code, refusal))?;
        // Past this line nothing may refuse.
        let new: Vec<New<'_>> = outcomes.iter().zip(&items).filter_map(new_coupon).collect();
        store_new(&tx, tenant, &template, &new).await?;
        tx.emit_all(
            &self.clock,
            new.iter().map(|(coupon, _)| facts::issued(tenant, coupon)).collect(),
        )
        .await?;
        tx.commit(answer(&call, &outcomes, now)).await
    }
}

fn parse(call: &IssueCouponsRequest) -> Result<Vec<Item>, Fault> {
    let mut violations = Violations::new();
    let mut items = Vec::with_capacity(call.items.len());
    for (index, item) in call.items.iter().enumerate() {
        let item_id = Some(item.item_id.clone()).filter(|item_id| !item_id.is_empty());
        let member = violations.parse(format!("items[{index}].member_id"), item.member_id.parse());
        items.extend(member.map(|member| Item { member, item_id }));
    }
    violations.finish()?;
    Ok(items)
}

/// The items with the members that are there now, locked so that none of them is merged away meanwhile.
async fn lock_members(tx: &Tx, tenant: Tenant, items: Vec<Item>) -> Result<Vec<Item>, Fault> {
    let named: BTreeSet<_> = items.iter().map(|item| (tenant, item.member)).collect();
    let redirects = Redirects::of(&**tx, named).await?;
    let follow = |item: Item| Item {
        member: redirects.follow(tenant, item.member),
        ..item
    };
    let items: Vec<Item> = items.into_iter().map(follow).collect();
    member::rows::lock(tx, &items.iter().map(|item| (tenant, item.member)).collect()).await?;
    Ok(items)
}

async fn issued_before(tx: &Tx, tenant: Tenant, code: &str, items: &[Item]) -> Result<Issued, Fault> {
    let holders = items.iter().map(|item| (tenant, item.member)).collect();
    let item_ids: BTreeSet<&str> = items.iter().filter_map(|item| item.item_id.as_deref()).collect();
    Ok(Issued {
        by_member: allowances::issued(tx, tenant, code, &holders).await?,
        by_item: rows::of_items(tx, tenant, code, &item_ids.into_iter().collect::<Vec<_>>()).await?,
    })
}

fn new_coupon<'a>((outcome, item): (&'a ItemOutcome, &'a Item)) -> Option<New<'a>> {
    match outcome {
        ItemOutcome::Issued(coupon) => Some((coupon, item.item_id.as_deref())),
        ItemOutcome::Earlier(_) | ItemOutcome::Refused(_) => None,
    }
}

/// Writes the new coupons and counts them by both caps.
async fn store_new(tx: &Tx, tenant: Tenant, template: &CouponTemplate, new: &[New<'_>]) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let mut by_member: BTreeMap<MemberId, i64> = BTreeMap::new();
    for (coupon, _) in new {
        let count = by_member.entry(coupon.member).or_default();
        *count = count.saturating_add(1);
    }
    let count = i64::try_from(new.len()).map_err(Fault::internal)?;
    coupon_template::rows::count_issued(tx, tenant, &template.code, count).await?;
    allowances::add(tx, tenant, template, &by_member).await?;
    rows::insert(tx, tenant, new).await
}

fn answer(call: &IssueCouponsRequest, outcomes: &[ItemOutcome], now: Time) -> IssueCouponsResponse {
    let result = |(item, outcome): (&proto::IssueItem, &ItemOutcome)| proto::IssueResult {
        member_id: item.member_id.clone(),
        item_id: item.item_id.clone(),
        outcome: Some(match outcome {
            ItemOutcome::Issued(coupon) | ItemOutcome::Earlier(coupon) => Outcome::Coupon(wire::coupon(coupon, now)),
            ItemOutcome::Refused(refusal) => Outcome::Refusal(proto::IssueRefusal {
                reason: refusals::reason_of_item(*refusal).into(),
                message: refusal.to_string(),
            }),
        }),
    };
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ItemOutcome::Refused(_)))
        .count();
    IssueCouponsResponse {
        results: call.items.iter().zip(outcomes).map(result).collect(),
        // At most as many as there are items, which the contract bounds.
        refused_count: i32::try_from(refused).unwrap_or(i32::MAX),
    }
}
