use contracts::tagging::v1::{ListSegmentMembersRequest, ListSegmentMembersResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::memberships;
use super::wire;
use crate::api::TaggingApi;
use crate::pages;

impl TaggingApi {
    pub(crate) async fn list_segment_members(
        &self,
        call: Call<ListSegmentMembersRequest>,
    ) -> Result<ListSegmentMembersResponse, Fault> {
        let code = self.segment(call.tenant(), &call.segment_code).await?.segment.code;
        let filter = pages::filter(call.tenant(), "segment_members", &[&code]);
        let after = pages::member_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut rows = memberships::page(self.db.read(), call.tenant(), &code, after, pages::rows_max(size)).await?;
        let next_page_token = pages::cut(&mut rows, size, &filter, |(member, _)| {
            member.uuid().as_bytes().to_vec()
        });
        let membership = |(member, enter_time)| wire::membership(code.clone(), member, enter_time);
        Ok(ListSegmentMembersResponse {
            memberships: rows.into_iter().map(membership).collect(),
            next_page_token,
        })
    }
}
