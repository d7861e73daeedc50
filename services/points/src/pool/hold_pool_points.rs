use contracts_points::v1::{HoldPoolPointsRequest, HoldPoolPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::wire::parse_pool;
use crate::api::PointsApi;
use crate::hold::hold_points::ttl;
use crate::hold::wire::hold_to_wire;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::{parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn hold_pool_points(
        &self,
        call: Call<HoldPoolPointsRequest>,
    ) -> Result<HoldPoolPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for HoldPoolPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PoolService/HoldPoolPoints";
    type Response = HoldPoolPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let pool = parse_pool(&self.pool_id)?;
        let by = parse_id("member_id", &self.member_id)?;
        let act = Act::HoldPool {
            by,
            amount: self.amount,
            ttl: ttl(self.ttl_seconds)?,
        };
        Ok(Wish {
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
            ..Wish::new(Subject::PoolSpender(pool, by), act)
        })
    }

    fn response(effects: &Effects) -> HoldPoolPointsResponse {
        HoldPoolPointsResponse {
            hold: effects.hold.as_ref().map(hold_to_wire),
        }
    }
}
