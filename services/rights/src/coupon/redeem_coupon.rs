use contracts_rights::v1::{RedeemCouponRequest, RedeemCouponResponse};
use fault::{Fault, Violations};
use kernel::Money;
use rpc::Call;

use super::facts;
use super::get_coupon::lock_coupon_row;
use super::rows;
use super::wire;
use super::{Coupon, CouponId};
use crate::api::RightsApi;
use crate::coupon_template;

impl RightsApi {
    pub(crate) async fn redeem_coupon(&self, call: Call<RedeemCouponRequest>) -> Result<RedeemCouponResponse, Fault> {
        let (id, order_amount) = parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let now = self.clock.now();
        let coupon = lock_coupon_row(&tx, call.tenant(), id).await?;
        // The terms of a template are fixed once it issues, so this row needs no lock.
        let template = coupon_template::rows::find(&**tx, call.tenant(), &coupon.template_code).await?;
        let template = template.ok_or_else(|| Fault::internal(format!("the template of {id} is gone")))?;
        let (state, price) = coupon.redeem(&call.order_id, order_amount, &template.terms, now)?;
        // Past this line nothing may refuse.
        rows::change(&tx, call.tenant(), &coupon, &state).await?;
        let coupon = Coupon { state, ..coupon };
        let fact = facts::redeemed(call.tenant(), &coupon, &call.order_id, now);
        tx.emit_all(&self.clock, vec![fact]).await?;
        tx.commit(RedeemCouponResponse {
            coupon: Some(wire::coupon(&coupon, now)),
            discount: Some(price.discount.into()),
            payable_amount: Some(price.payable_amount.into()),
        })
        .await
    }
}

fn parse(call: &RedeemCouponRequest) -> Result<(CouponId, Money), Fault> {
    let mut violations = Violations::new();
    let id = violations.parse("coupon_id", call.coupon_id.parse());
    wire::check_order(&call.order_id, &mut violations);
    let amount = call.order_amount.as_ref();
    violations.check(amount.is_some(), "order_amount", "must be given");
    let amount = amount.and_then(|amount| amount.parse("order_amount", &mut violations));
    violations.finish()?;
    id.zip(amount)
        .ok_or_else(|| Fault::internal("a request without a violation was not parsed"))
}
