use contracts_points::v1::{RedeemPoolPointsRequest, RedeemPoolPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::wire::parse_pool;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::{parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn redeem_pool_points(
        &self,
        call: Call<RedeemPoolPointsRequest>,
    ) -> Result<RedeemPoolPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for RedeemPoolPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PoolService/RedeemPoolPoints";
    type Response = RedeemPoolPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let pool = parse_pool(&self.pool_id)?;
        let by = parse_id("member_id", &self.member_id)?;
        let act = Act::RedeemPool {
            by,
            amount: self.amount,
        };
        Ok(Wish {
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
            ..Wish::new(Subject::PoolSpender(pool, by), act)
        })
    }

    fn response(effects: &Effects) -> RedeemPoolPointsResponse {
        RedeemPoolPointsResponse {
            entry: effects.entry().map(entry_to_wire),
        }
    }
}
