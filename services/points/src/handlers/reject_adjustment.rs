use contracts::points::v1::{RejectAdjustmentRequest, RejectAdjustmentResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::AdjustmentState;
use crate::store::{adjustment_for_update, save_adjustment};
use crate::wire::{adjustment_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn reject_adjustment(
        &self,
        call: Call<RejectAdjustmentRequest>,
    ) -> Result<RejectAdjustmentResponse, Fault> {
        let id = parse_id("adjustment_id", &call.adjustment_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let mut adjustment = adjustment_for_update(&tx, call.tenant(), id).await?;
        adjustment.decide(&call.principal().subject, AdjustmentState::Rejected, self.clock.now())?;
        save_adjustment(&tx, &adjustment).await?;
        tx.commit(RejectAdjustmentResponse {
            adjustment: Some(adjustment_to_wire(&adjustment)),
        })
        .await
    }
}
