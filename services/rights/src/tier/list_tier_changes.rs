use contracts_rights::v1::{ListTierChangesRequest, ListTierChangesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::changes;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn list_tier_changes(
        &self,
        call: Call<ListTierChangesRequest>,
    ) -> Result<ListTierChangesResponse, Fault> {
        let page = Page::parse(call.member_id.as_bytes(), call.page_size, &call.page_token)?;
        let before = page.id()?;
        let member = self.member(&call, &call.member_id).await?;
        let key = (call.tenant(), member);
        let mut changes = changes::of_member(self.db.read(), key, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut changes, |last| *last.id.uuid().as_bytes());
        Ok(ListTierChangesResponse {
            tier_changes: changes.into_iter().map(wire::tier_change).collect(),
            next_page_token,
        })
    }
}
