//! Members use what they have: a coupon or points with an order, and both come back with a whole refund.

use std::collections::BTreeMap;

use contracts_points::v1::{GetBalanceRequest, RedeemPointsRequest, ReversePointsRequest};
use contracts_rights::v1::{CouponState, ListMemberCouponsRequest, RedeemCouponRequest, ReturnCouponRequest};
use fault::Fault;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Deed, Recorded, Replay, money, order_id};
use crate::api::{Api, patiently};
use crate::demo::brand::{COUPONS, POINTS};
use crate::demo::plan::{Order, Refund};

/// How many members act at once.
const MEMBERS_AT_ONCE: usize = 32;
/// Nobody spends fewer points, and all spend in steps of ten.
const REDEEM_MIN: i64 = 50;
const REDEEM_STEP: i64 = 10;

/// What an order has used.
#[derive(Debug)]
pub(super) enum Used {
    Coupon {
        coupon_id: String,
    },
    Points {
        member_id: String,
        entry_id: String,
        amount: i64,
    },
}

impl<'a> Replay<'a> {
    /// Lets the buyers of a day use coupons and points, and gives back what wholly refunded orders had used.
    pub(super) async fn benefit(&mut self, recorded: Recorded<'a>) -> Result<(), Fault> {
        // A member's orders one after the other: two of them must not reach for one coupon.
        let mut buyers: BTreeMap<String, Vec<&Order>> = BTreeMap::new();
        for (order, member_id) in recorded.orders {
            if !member_id.is_empty() && (order.uses_coupon || order.redeems_points) {
                buyers.entry(member_id).or_default().push(order);
            }
        }
        let api = self.api;
        let spent: Vec<Vec<(&Order, Used)>> = stream::iter(buyers)
            .map(|(member_id, orders)| spend(api, member_id, orders))
            .buffered(MEMBERS_AT_ONCE)
            .try_collect()
            .await?;
        for (order, used) in spent.into_iter().flatten() {
            self.note(order, &used);
            self.used.entry(order.row).or_default().push(used);
        }
        for refund in recorded.refunds.into_iter().filter(|refund| refund.is_whole) {
            for used in self.used.remove(&refund.row).unwrap_or_default() {
                self.give_back(refund, used).await?;
            }
        }
        Ok(())
    }

    fn note(&mut self, order: &Order, used: &Used) {
        let tally = &mut self.tally;
        match used {
            Used::Coupon { .. } => {
                tally.coupons_redeemed = tally.coupons_redeemed.saturating_add(1);
                tally.saw(order.customer, Deed::Coupon);
            }
            Used::Points { amount, .. } => {
                tally.redemptions = tally.redemptions.saturating_add(1);
                tally.points_redeemed = tally.points_redeemed.saturating_add(*amount);
                tally.saw(order.customer, Deed::Redemption);
            }
        }
    }

    async fn give_back(&mut self, refund: &Refund, used: Used) -> Result<(), Fault> {
        match used {
            Used::Coupon { coupon_id } => {
                let request = ReturnCouponRequest {
                    request_id: format!("return-{}", refund.row),
                    coupon_id,
                    order_id: order_id(refund.row),
                };
                patiently(async || self.api.coupons().return_coupon(request.clone()).await).await?;
                self.tally.coupons_returned = self.tally.coupons_returned.saturating_add(1);
            }
            Used::Points {
                member_id,
                entry_id,
                amount,
            } => {
                let request = ReversePointsRequest {
                    request_id: format!("reverse-{}", refund.row),
                    member_id,
                    entry_id,
                    amount: 0,
                    reference: format!("refund-{}", refund.row),
                };
                patiently(async || self.api.points().reverse_points(request.clone()).await).await?;
                self.tally.points_returned = self.tally.points_returned.saturating_add(amount);
            }
        }
        Ok(())
    }
}

/// What one member uses with the orders of a day.
async fn spend<'a>(api: &Api, member_id: String, orders: Vec<&'a Order>) -> Result<Vec<(&'a Order, Used)>, Fault> {
    let mut spent = Vec::new();
    for order in orders {
        if order.uses_coupon {
            spent.extend(use_coupon(api, &member_id, order).await?.map(|used| (order, used)));
        }
        if order.redeems_points {
            spent.extend(redeem(api, &member_id, order).await?.map(|used| (order, used)));
        }
    }
    Ok(spent)
}

/// Uses a coupon with an order, where the member has one that fits.
async fn use_coupon(api: &Api, member_id: &str, order: &Order) -> Result<Option<Used>, Fault> {
    let list = ListMemberCouponsRequest {
        member_id: member_id.to_owned(),
        state: Some(CouponState::Issued.into()),
        ..ListMemberCouponsRequest::default()
    };
    let coupons = patiently(async || api.coupons().list_member_coupons(list.clone()).await)
        .await?
        .coupons;
    // The data says what was paid, so that is after the coupon: before, the order was dearer by what the coupon takes off.
    let fits = coupons.into_iter().find_map(|coupon| {
        let template = COUPONS.iter().find(|template| template.code == coupon.template_code)?;
        let before = order.cents.saturating_add(template.off_cents);
        (before >= template.minimum_cents).then_some((coupon.coupon_id, before))
    });
    let Some((coupon_id, before)) = fits else {
        return Ok(None);
    };
    let request = RedeemCouponRequest {
        request_id: format!("coupon-{}", order.row),
        coupon_id: coupon_id.clone(),
        order_id: order_id(order.row),
        order_amount: Some(money(before)),
    };
    let answer = patiently(async || api.coupons().redeem_coupon(request.clone()).await).await?;
    if answer.payable_amount != Some(money(order.cents)) {
        return Err(Fault::internal(format!(
            "order {} is to pay {:?}",
            order.row, answer.payable_amount
        )));
    }
    Ok(Some(Used::Coupon { coupon_id }))
}

/// Spends half of a member's points, where there are enough of them.
async fn redeem(api: &Api, member_id: &str, order: &Order) -> Result<Option<Used>, Fault> {
    let ask = GetBalanceRequest {
        member_id: member_id.to_owned(),
        asset_code: POINTS.to_owned(),
        expiring_within_days: 0,
    };
    let balance = patiently(async || api.points().get_balance(ask.clone()).await)
        .await?
        .balance
        .unwrap_or_default();
    let half = balance.available.checked_div(2).unwrap_or(0);
    let amount = half.checked_div(REDEEM_STEP).unwrap_or(0).saturating_mul(REDEEM_STEP);
    if amount < REDEEM_MIN {
        return Ok(None);
    }
    let request = RedeemPointsRequest {
        request_id: format!("redeem-{}", order.row),
        member_id: member_id.to_owned(),
        asset_code: POINTS.to_owned(),
        amount,
        reference: order_id(order.row),
        cost_centre: String::new(),
    };
    let entry = patiently(async || api.points().redeem_points(request.clone()).await)
        .await?
        .entry
        .unwrap_or_default();
    Ok(Some(Used::Points {
        member_id: entry.member_id,
        entry_id: entry.entry_id,
        amount,
    }))
}
