use contracts_points::v1::{TransferPointsRequest, TransferPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects, EntryKind};
use rpc::Call;

use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn transfer_points(
        &self,
        call: Call<TransferPointsRequest>,
    ) -> Result<TransferPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for TransferPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.TransferService/TransferPoints";
    type Response = TransferPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let act = Act::Transfer {
            to: parse_id("to_member_id", &self.to_member_id)?,
            amount: self.amount,
        };
        Ok(Wish {
            reference: self.reference.clone(),
            ..Wish::new(Subject::Asset(member, self.asset_code.as_str().into()), act)
        })
    }

    fn response(effects: &Effects) -> TransferPointsResponse {
        let into = effects.entries.iter().find(|entry| entry.kind == EntryKind::TransferIn);
        TransferPointsResponse {
            out_entry: effects.entry().map(entry_to_wire),
            in_entry: into.map(entry_to_wire),
        }
    }
}
