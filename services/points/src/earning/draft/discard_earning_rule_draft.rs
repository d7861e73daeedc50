use contracts_points::v1::{DiscardEarningRuleDraftRequest, DiscardEarningRuleDraftResponse};
use fault::Fault;
use rpc::Call;

use crate::api::PointsApi;
use crate::earning;
use crate::earning::rows;

impl PointsApi {
    pub(crate) async fn discard_earning_rule_draft(
        &self,
        call: Call<DiscardEarningRuleDraftRequest>,
    ) -> Result<DiscardEarningRuleDraftResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        earning::rows::rule_for_update(&tx, call.tenant(), &call.code).await?;
        rows::draft::draft(&**tx, call.tenant(), &call.code).await?;
        rows::draft::delete_draft(&tx, call.tenant(), &call.code).await?;
        tx.commit(DiscardEarningRuleDraftResponse {}).await
    }
}
