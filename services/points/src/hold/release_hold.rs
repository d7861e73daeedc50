use contracts_points::v1::{ReleaseHoldRequest, ReleaseHoldResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects, ReleaseCause};
use rpc::Call;

use super::wire::hold_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn release_hold(&self, call: Call<ReleaseHoldRequest>) -> Result<ReleaseHoldResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ReleaseHoldRequest {
    const METHOD: &'static str = "quanyu.points.v1.HoldService/ReleaseHold";
    type Response = ReleaseHoldResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let hold = parse_id("hold_id", &self.hold_id)?;
        let cause = ReleaseCause::Call;
        Ok(Wish::new(Subject::Hold(hold), Act::Release { hold, cause }))
    }

    fn response(effects: &Effects) -> ReleaseHoldResponse {
        ReleaseHoldResponse {
            hold: effects.hold.as_ref().map(hold_to_wire),
            expired_amount: effects.expired,
        }
    }
}
