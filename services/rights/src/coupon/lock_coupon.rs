use std::time::Duration;

use contracts_rights::v1::{LockCouponRequest, LockCouponResponse};
use fault::{Fault, Violations, together};
use rpc::Call;

use super::Coupon;
use super::get_coupon::{lock_coupon_row, parse_coupon_id};
use super::rows;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn lock_coupon(&self, call: Call<LockCouponRequest>) -> Result<LockCouponResponse, Fault> {
        let mut violations = Violations::new();
        wire::check_order(&call.order_id, &mut violations);
        let id = together(violations.finish(), parse_coupon_id(&call.coupon_id))?;
        let tx = store::begin_or_replay!(self.db, call);
        let now = self.clock.now();
        let coupon = lock_coupon_row(&tx, call.tenant(), id).await?;
        let until = now.plus(Duration::from_secs(
            u64::try_from(call.lock_seconds).map_err(Fault::internal)?,
        ));
        let state = coupon.lock(&call.order_id, until, now)?;
        // Past this line nothing may refuse.
        rows::change(&tx, call.tenant(), &coupon, &state).await?;
        let coupon = Coupon { state, ..coupon };
        tx.commit(LockCouponResponse {
            coupon: Some(wire::coupon(&coupon, now)),
        })
        .await
    }
}
