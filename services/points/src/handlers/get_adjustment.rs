use contracts::points::v1::{GetAdjustmentRequest, GetAdjustmentResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::store::adjustment;
use crate::wire::{adjustment_to_wire, parse_id};

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
