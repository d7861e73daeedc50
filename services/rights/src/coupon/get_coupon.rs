use contracts_rights::v1::{GetCouponRequest, GetCouponResponse};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;
use store::Tx;

use super::rows;
use super::wire;
use super::{Coupon, CouponId};
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn get_coupon(&self, call: Call<GetCouponRequest>) -> Result<GetCouponResponse, Fault> {
        let id = parse_coupon_id(&call.coupon_id)?;
        let coupon = rows::find(self.db.read(), call.tenant(), id).await?;
        let coupon = coupon.ok_or_else(|| Fault::not_found("coupon", id))?;
        Ok(GetCouponResponse {
            coupon: Some(wire::coupon(&coupon, self.clock.now())),
        })
    }
}

pub(crate) fn parse_coupon_id(coupon_id: &str) -> Result<CouponId, Fault> {
    coupon_id
        .parse()
        .map_err(|error: kernel::IdError| Fault::invalid("coupon_id", error.to_string()))
}

/// The coupon that a request is about to change: locked, and there.
pub(crate) async fn lock_coupon_row(tx: &Tx, tenant: Tenant, id: CouponId) -> Result<Coupon, Fault> {
    rows::find_locked(tx, tenant, id)
        .await?
        .ok_or_else(|| Fault::not_found("coupon", id))
}
