use contracts_tagging::v1::{ListMemberSegmentsRequest, ListMemberSegmentsResponse};
use fault::Fault;
use rpc::Call;

use super::memberships;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_member_segments(
        &self,
        call: Call<ListMemberSegmentsRequest>,
    ) -> Result<ListMemberSegmentsResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let rows = memberships::of_member(self.db.read(), call.tenant(), member).await?;
        let membership = |(code, enter_time)| wire::membership(code, member, enter_time);
        Ok(ListMemberSegmentsResponse {
            memberships: rows.into_iter().map(membership).collect(),
        })
    }
}
