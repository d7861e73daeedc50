use contracts_points::v1::{RejectAdjustmentRequest, RejectAdjustmentResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::wire::adjustment_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn reject_adjustment(
        &self,
        call: Call<RejectAdjustmentRequest>,
    ) -> Result<RejectAdjustmentResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for RejectAdjustmentRequest {
    const METHOD: &'static str = "quanyu.points.v1.AdjustmentService/RejectAdjustment";
    type Response = RejectAdjustmentResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, caller: &Principal) -> Result<Wish, Fault> {
        let adjustment = parse_id("adjustment_id", &self.adjustment_id)?;
        let act = Act::Reject {
            adjustment,
            decider: caller.subject.clone(),
        };
        Ok(Wish::new(Subject::Adjustment(adjustment), act))
    }

    fn response(effects: &Effects) -> RejectAdjustmentResponse {
        RejectAdjustmentResponse {
            adjustment: effects.adjustment.as_ref().map(adjustment_to_wire),
        }
    }
}
