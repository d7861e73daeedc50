use contracts_points::v1::{ContributePointsRequest, ContributePointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects, EntryKind, holder_of};
use rpc::Call;

use super::wire::parse_pool;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn contribute_points(
        &self,
        call: Call<ContributePointsRequest>,
    ) -> Result<ContributePointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ContributePointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PoolService/ContributePoints";
    type Response = ContributePointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let pool = parse_pool(&self.pool_id)?;
        let member = parse_id("member_id", &self.member_id)?;
        let act = Act::Transfer {
            to: holder_of(pool),
            amount: self.amount,
        };
        Ok(Wish {
            reference: self.reference.clone(),
            ..Wish::new(Subject::PoolGiver(member, pool), act)
        })
    }

    fn response(effects: &Effects) -> ContributePointsResponse {
        let into = effects.entries.iter().find(|entry| entry.kind == EntryKind::TransferIn);
        ContributePointsResponse {
            out_entry: effects.entry().map(entry_to_wire),
            in_entry: into.map(entry_to_wire),
        }
    }
}
