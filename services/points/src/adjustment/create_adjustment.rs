use contracts_points::v1::{CreateAdjustmentRequest, CreateAdjustmentResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Correction, Effects};
use rpc::Call;

use super::wire::adjustment_to_wire;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::{parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn create_adjustment(
        &self,
        call: Call<CreateAdjustmentRequest>,
    ) -> Result<CreateAdjustmentResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for CreateAdjustmentRequest {
    const METHOD: &'static str = "quanyu.points.v1.AdjustmentService/CreateAdjustment";
    type Response = CreateAdjustmentResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, caller: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let correction = Correction {
            amount: self.amount,
            reason_code: self.reason_code.clone(),
            note: self.note.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
            creator: caller.subject.clone(),
        };
        let account = Subject::Asset(member, self.asset_code.as_str().into());
        Ok(Wish::new(account, Act::Adjust(correction)))
    }

    fn response(effects: &Effects) -> CreateAdjustmentResponse {
        CreateAdjustmentResponse {
            adjustment: effects.adjustment.as_ref().map(adjustment_to_wire),
            entry: effects.entry().map(entry_to_wire),
        }
    }
}
