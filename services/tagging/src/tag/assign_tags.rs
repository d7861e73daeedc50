use contracts::Unreadable;
use contracts_tagging::v1::{AssignTagsRequest, AssignTagsResponse};
use fault::Fault;
use rpc::Call;

use crate::api::TaggingApi;

impl TaggingApi {
    /// One of many, with a transaction of its own.
    pub(crate) async fn assign_tags(&self, call: Call<AssignTagsRequest>) -> Result<AssignTagsResponse, Fault> {
        let mut outcomes = self
            .assigner
            .assign(call.principal(), std::slice::from_ref(&*call), &Unreadable::default())
            .await?;
        let outcome = outcomes.pop();
        outcome.ok_or_else(|| Fault::internal("an assignment without an outcome"))?
    }
}
