use contracts_points::v1::{GetAdjustmentRequest, GetAdjustmentResponse};
use fault::Fault;
use rpc::Call;

use super::rows::adjustment;
use super::wire::adjustment_to_wire;
use crate::api::PointsApi;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn get_adjustment(
        &self,
        call: Call<GetAdjustmentRequest>,
    ) -> Result<GetAdjustmentResponse, Fault> {
        let id = parse_id("adjustment_id", &call.adjustment_id)?;
        let found = adjustment(self.db.read(), call.tenant(), id).await?;
        Ok(GetAdjustmentResponse {
            adjustment: Some(adjustment_to_wire(&found)),
        })
    }
}
