use contracts::rights::v1::{ListTierChangesRequest, ListTierChangesResponse};
use fault::Fault;
use kernel::{PageToken, page_size};
use rpc::Call;

use super::changes;
use super::wire;
use crate::api::RightsApi;
use crate::pages;

impl RightsApi {
    pub(crate) async fn list_tier_changes(
        &self,
        call: Call<ListTierChangesRequest>,
    ) -> Result<ListTierChangesResponse, Fault> {
        let filter = call.member_id.as_bytes();
        let before = pages::before(filter, &call.page_token)?;
        let member = self.member(&call, &call.member_id).await?;
        let size = page_size(call.page_size);
        let read = self.db.read();
        let mut changes = changes::of_member(read, call.tenant(), member, before, size.saturating_add(1)).await?;
        let last = pages::cut(&mut changes, size).map(|change| change.id);
        let token = last.map(|id| PageToken::encode(filter, id.uuid().as_bytes()));
        Ok(ListTierChangesResponse {
            tier_changes: changes.into_iter().map(wire::tier_change).collect(),
            next_page_token: token.unwrap_or_default(),
        })
    }
}
