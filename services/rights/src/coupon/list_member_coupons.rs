use contracts::rights::v1::{ListMemberCouponsRequest, ListMemberCouponsResponse};
use fault::Fault;
use kernel::{PageToken, page_size};
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::RightsApi;
use crate::pages;

impl RightsApi {
    pub(crate) async fn list_member_coupons(
        &self,
        call: Call<ListMemberCouponsRequest>,
    ) -> Result<ListMemberCouponsResponse, Fault> {
        let state = wire::state_name(call.state());
        let filter = format!("{} {}", call.member_id, state.unwrap_or_default());
        let before = pages::before(filter.as_bytes(), &call.page_token)?;
        let member = self.member(&call, &call.member_id).await?;
        let (now, size) = (self.clock.now(), page_size(call.page_size));
        let key = (call.tenant(), member);
        let mut coupons = rows::of_member(self.db.read(), key, state, now, before, size.saturating_add(1)).await?;
        let last = pages::cut(&mut coupons, size).map(|coupon| coupon.id);
        let token = last.map(|id| PageToken::encode(filter.as_bytes(), id.uuid().as_bytes()));
        Ok(ListMemberCouponsResponse {
            coupons: coupons.iter().map(|coupon| wire::coupon(coupon, now)).collect(),
            next_page_token: token.unwrap_or_default(),
        })
    }
}
