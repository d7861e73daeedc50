use contracts_points::v1::{GetEarningRuleDraftRequest, GetEarningRuleDraftResponse};
use fault::Fault;
use rpc::Call;

use super::wire::draft_to_wire;
use crate::api::PointsApi;
use crate::earning::rows::draft::draft;

impl PointsApi {
    pub(crate) async fn get_earning_rule_draft(
        &self,
        call: Call<GetEarningRuleDraftRequest>,
    ) -> Result<GetEarningRuleDraftResponse, Fault> {
        let found = draft(self.db.read(), call.tenant(), &call.code).await?;
        Ok(GetEarningRuleDraftResponse {
            earning_rule_draft: Some(draft_to_wire(&found, self.clock.now())),
        })
    }
}
