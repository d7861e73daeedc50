use contracts_rights::v1::{ListMemberCouponsRequest, ListMemberCouponsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn list_member_coupons(
        &self,
        call: Call<ListMemberCouponsRequest>,
    ) -> Result<ListMemberCouponsResponse, Fault> {
        let state = wire::state_name(call.state());
        let filter = format!("{} {}", call.member_id, state.unwrap_or_default());
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = page.id()?;
        let member = self.member(&call, &call.member_id).await?;
        let key = (call.tenant(), member);
        let now = self.clock.now();
        let mut coupons = rows::of_member(self.db.read(), key, state, now, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut coupons, |last| *last.id.uuid().as_bytes());
        Ok(ListMemberCouponsResponse {
            coupons: coupons.iter().map(|coupon| wire::coupon(coupon, now)).collect(),
            next_page_token,
        })
    }
}
