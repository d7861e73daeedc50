use contracts_tagging::v1::{GetTagRequest, GetTagResponse};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn get_tag(&self, call: Call<GetTagRequest>) -> Result<GetTagResponse, Fault> {
        let tag = rows::find(self.db.read(), call.tenant(), &call.tag_code).await?;
        let tag = tag.ok_or_else(|| Fault::not_found("tag", &call.tag_code))?;
        Ok(GetTagResponse {
            tag: Some(wire::write(tag)),
        })
    }
}
