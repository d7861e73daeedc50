use contracts_tagging::v1::{ListTagsRequest, ListTagsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_tags(&self, call: Call<ListTagsRequest>) -> Result<ListTagsResponse, Fault> {
        let filter = format!("tags {}", call.group);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut tags = rows::page(self.db.read(), call.tenant(), &call.group, &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut tags, |tag| tag.code.clone());
        Ok(ListTagsResponse {
            tags: tags.into_iter().map(wire::write).collect(),
            next_page_token,
        })
    }
}
