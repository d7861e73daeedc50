use contracts::tagging::v1::{ListTagsRequest, ListTagsResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::{TaggingApi, paging};
use crate::store::tags;
use crate::wire;

impl TaggingApi {
    pub(super) async fn list_tags(&self, call: Call<ListTagsRequest>) -> Result<ListTagsResponse, Fault> {
        let filter = paging::filter(call.tenant(), "tags", &[&call.group]);
        let after = paging::code_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut tags = tags::page(
            self.db.read(),
            call.tenant(),
            &call.group,
            &after,
            paging::rows_max(size),
        )
        .await?;
        let next_page_token = paging::cut(&mut tags, size, &filter, |tag| tag.code.clone().into_bytes());
        Ok(ListTagsResponse {
            tags: tags.into_iter().map(wire::tag::write).collect(),
            next_page_token,
        })
    }
}
