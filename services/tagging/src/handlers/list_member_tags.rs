use contracts::tagging::v1::{ListMemberTagsRequest, ListMemberTagsResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::{TaggingApi, paging};
use crate::store::member_tags;
use crate::wire;

impl TaggingApi {
    pub(super) async fn list_member_tags(
        &self,
        call: Call<ListMemberTagsRequest>,
    ) -> Result<ListMemberTagsResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let filter = paging::filter(call.tenant(), "member_tags", &[&member.to_string()]);
        let after = paging::code_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut tags = member_tags::page(self.db.read(), call.tenant(), member, &after, paging::rows_max(size)).await?;
        let next_page_token = paging::cut(&mut tags, size, &filter, |(code, _)| code.clone().into_bytes());
        let now = self.clock.now();
        let tags = tags
            .into_iter()
            .map(|(code, tag)| wire::tag::write_member_tag(code, &tag, now))
            .collect();
        Ok(ListMemberTagsResponse { tags, next_page_token })
    }
}
