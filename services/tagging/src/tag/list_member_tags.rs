use contracts_tagging::v1::{ListMemberTagsRequest, ListMemberTagsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::member_tags;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_member_tags(
        &self,
        call: Call<ListMemberTagsRequest>,
    ) -> Result<ListMemberTagsResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let filter = format!("member_tags {member}");
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut tags = member_tags::page(self.db.read(), call.tenant(), member, &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut tags, |(code, _)| code.clone());
        let now = self.clock.now();
        let tags = tags
            .into_iter()
            .map(|(code, tag)| wire::write_member_tag(code, &tag, now))
            .collect();
        Ok(ListMemberTagsResponse { tags, next_page_token })
    }
}
