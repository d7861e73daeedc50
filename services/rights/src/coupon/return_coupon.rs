use contracts_rights::v1::{ReturnCouponRequest, ReturnCouponResponse};
use fault::Fault;
use rpc::Call;

use super::Coupon;
use super::facts;
use super::get_coupon::{lock_coupon_row, parse_coupon_id};
use super::rows;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn return_coupon(&self, call: Call<ReturnCouponRequest>) -> Result<ReturnCouponResponse, Fault> {
        let id = parse_coupon_id(&call.coupon_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let now = self.clock.now();
        let coupon = lock_coupon_row(&tx, call.tenant(), id).await?;
        let state = coupon.give_back(&call.order_id, now)?;
        // Past this line nothing may refuse.
        rows::change(&tx, call.tenant(), &coupon, &state).await?;
        let coupon = Coupon { state, ..coupon };
        // Its validity may have ended meanwhile.
        let facts = facts::ended(call.tenant(), &coupon).into_iter().collect();
        tx.emit_all(&self.clock, facts).await?;
        tx.commit(ReturnCouponResponse {
            coupon: Some(wire::coupon(&coupon, now)),
        })
        .await
    }
}
