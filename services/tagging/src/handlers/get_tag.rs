use contracts::tagging::v1::{GetTagRequest, GetTagResponse};
use fault::Fault;
use rpc::Call;

use super::TaggingApi;
use crate::store::tags;
use crate::wire;

impl TaggingApi {
    pub(super) async fn get_tag(&self, call: Call<GetTagRequest>) -> Result<GetTagResponse, Fault> {
        let tag = tags::find(self.db.read(), call.tenant(), &call.tag_code).await?;
        let tag = tag.ok_or_else(|| Fault::not_found("tag", &call.tag_code))?;
        Ok(GetTagResponse {
            tag: Some(wire::tag::write(tag)),
        })
    }
}
