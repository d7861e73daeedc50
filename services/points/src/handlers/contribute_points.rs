use contracts::points::v1::{ContributePointsRequest, ContributePointsResponse};
use fault::Fault;
use kernel::Principal;
use rpc::Call;

use super::PointsApi;
use crate::domain::{Act, Effects, EntryKind, holder_of};
use crate::engine::Subject;
use crate::wire::{PostingRequest, Wish, ask, entry_to_wire, parse_id, parse_pool};

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
