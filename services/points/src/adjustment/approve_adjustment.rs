use contracts_points::v1::{ApproveAdjustmentRequest, ApproveAdjustmentResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::wire::adjustment_to_wire;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn approve_adjustment(
        &self,
        call: Call<ApproveAdjustmentRequest>,
    ) -> Result<ApproveAdjustmentResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ApproveAdjustmentRequest {
    const METHOD: &'static str = "quanyu.points.v1.AdjustmentService/ApproveAdjustment";
    type Response = ApproveAdjustmentResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, caller: &Principal) -> Result<Wish, Fault> {
        let adjustment = parse_id("adjustment_id", &self.adjustment_id)?;
        let act = Act::Approve {
            adjustment,
            decider: caller.subject.clone(),
        };
        Ok(Wish::new(Subject::Adjustment(adjustment), act))
    }

    fn response(effects: &Effects) -> ApproveAdjustmentResponse {
        ApproveAdjustmentResponse {
            adjustment: effects.adjustment.as_ref().map(adjustment_to_wire),
            entry: effects.entry().map(entry_to_wire),
        }
    }
}
