use contracts_points::v1::{ReversePoolPointsRequest, ReversePoolPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects, Extent};
use rpc::Call;

use super::wire::parse_pool;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn reverse_pool_points(
        &self,
        call: Call<ReversePoolPointsRequest>,
    ) -> Result<ReversePoolPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ReversePoolPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PoolService/ReversePoolPoints";
    type Response = ReversePoolPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let pool = parse_pool(&self.pool_id)?;
        let entry = parse_id("entry_id", &self.entry_id)?;
        let extent = match self.amount {
            0 => Extent::Rest,
            amount => Extent::Amount(amount),
        };
        Ok(Wish {
            reference: self.reference.clone(),
            ..Wish::new(Subject::PoolEntry(pool, entry), Act::Reverse { entry, extent })
        })
    }

    fn response(effects: &Effects) -> ReversePoolPointsResponse {
        ReversePoolPointsResponse {
            entry: effects.entry().map(entry_to_wire),
            balance: effects.balance(),
            expired_amount: effects.expired,
            reversible_amount: effects.reversible,
        }
    }
}
