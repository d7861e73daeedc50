use contracts::points::v1::{ApproveAdjustmentRequest, ApproveAdjustmentResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use super::create_adjustment::post_adjustment;
use crate::domain::AdjustmentState;
use crate::store::{adjustment_for_update, save_adjustment};
use crate::wire::{adjustment_to_wire, entry_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn approve_adjustment(
        &self,
        call: Call<ApproveAdjustmentRequest>,
    ) -> Result<ApproveAdjustmentResponse, Fault> {
        let id = parse_id("adjustment_id", &call.adjustment_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let mut adjustment = adjustment_for_update(&tx, call.tenant(), id).await?;
        adjustment.decide(&call.principal().subject, AdjustmentState::Posted, self.clock.now())?;
        let effects = post_adjustment(&tx, &self.clock, &mut adjustment).await?;
        save_adjustment(&tx, &adjustment).await?;
        tx.commit(ApproveAdjustmentResponse {
            adjustment: Some(adjustment_to_wire(&adjustment)),
            entry: effects.entry().map(entry_to_wire),
        })
        .await
    }
}
