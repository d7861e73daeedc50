use contracts::tagging::v1::{ListSegmentMembersRequest, ListSegmentMembersResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::{TaggingApi, paging};
use crate::store::memberships;
use crate::wire;

impl TaggingApi {
    pub(super) async fn list_segment_members(
        &self,
        call: Call<ListSegmentMembersRequest>,
    ) -> Result<ListSegmentMembersResponse, Fault> {
        let code = self.segment(call.tenant(), &call.segment_code).await?.segment.code;
        let filter = paging::filter(call.tenant(), "segment_members", &[&code]);
        let after = paging::member_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut rows = memberships::page(self.db.read(), call.tenant(), &code, after, paging::rows_max(size)).await?;
        let next_page_token = paging::cut(&mut rows, size, &filter, |(member, _)| {
            member.uuid().as_bytes().to_vec()
        });
        let membership = |(member, enter_time)| wire::segment::membership(code.clone(), member, enter_time);
        Ok(ListSegmentMembersResponse {
            memberships: rows.into_iter().map(membership).collect(),
            next_page_token,
        })
    }
}
