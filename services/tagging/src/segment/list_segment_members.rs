use contracts_tagging::v1::{ListSegmentMembersRequest, ListSegmentMembersResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::memberships;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_segment_members(
        &self,
        call: Call<ListSegmentMembersRequest>,
    ) -> Result<ListSegmentMembersResponse, Fault> {
        let code = self.segment(call.tenant(), &call.segment_code).await?.segment.code;
        let filter = format!("segment_members {code}");
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let mut rows = memberships::page(self.db.read(), call.tenant(), &code, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |(member, _)| member.uuid().into_bytes());
        let membership = |(member, enter_time)| wire::membership(code.clone(), member, enter_time);
        Ok(ListSegmentMembersResponse {
            memberships: rows.into_iter().map(membership).collect(),
            next_page_token,
        })
    }
}
