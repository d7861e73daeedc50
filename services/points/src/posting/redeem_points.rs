use contracts_points::v1::{RedeemPointsRequest, RedeemPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::engine::Subject;
use super::request::{PostingRequest, Wish, ask};
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::wire::{parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn redeem_points(&self, call: Call<RedeemPointsRequest>) -> Result<RedeemPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for RedeemPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PointsService/RedeemPoints";
    type Response = RedeemPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        Ok(Wish {
            subject: Subject::Asset(parse_id("member_id", &self.member_id)?, self.asset_code.as_str().into()),
            act: Act::Redeem { amount: self.amount },
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
        })
    }

    fn response(effects: &Effects) -> RedeemPointsResponse {
        RedeemPointsResponse {
            entry: effects.entry().map(entry_to_wire),
        }
    }
}
