use contracts_points::v1::{CaptureHoldRequest, CaptureHoldResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::wire::hold_to_wire;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::{parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn capture_hold(&self, call: Call<CaptureHoldRequest>) -> Result<CaptureHoldResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for CaptureHoldRequest {
    const METHOD: &'static str = "quanyu.points.v1.HoldService/CaptureHold";
    type Response = CaptureHoldResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let hold = parse_id("hold_id", &self.hold_id)?;
        let act = Act::Capture {
            hold,
            amount: (self.amount > 0).then_some(self.amount),
        };
        Ok(Wish {
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
            ..Wish::new(Subject::Hold(hold), act)
        })
    }

    fn response(effects: &Effects) -> CaptureHoldResponse {
        CaptureHoldResponse {
            entry: effects.entry().map(entry_to_wire),
            hold: effects.hold.as_ref().map(hold_to_wire),
            expired_amount: effects.expired,
        }
    }
}
