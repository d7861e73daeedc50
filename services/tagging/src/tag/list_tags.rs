use contracts::tagging::v1::{ListTagsRequest, ListTagsResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::TaggingApi;
use crate::pages;

impl TaggingApi {
    pub(crate) async fn list_tags(&self, call: Call<ListTagsRequest>) -> Result<ListTagsResponse, Fault> {
        let filter = pages::filter(call.tenant(), "tags", &[&call.group]);
        let after = pages::code_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut tags = rows::page(
            self.db.read(),
            call.tenant(),
            &call.group,
            &after,
            pages::rows_max(size),
        )
        .await?;
        let next_page_token = pages::cut(&mut tags, size, &filter, |tag| tag.code.clone().into_bytes());
        Ok(ListTagsResponse {
            tags: tags.into_iter().map(wire::write).collect(),
            next_page_token,
        })
    }
}
