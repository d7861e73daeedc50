use contracts_points::v1::{ReversePointsRequest, ReversePointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects, Extent};
use rpc::Call;

use super::engine::Subject;
use super::request::{PostingRequest, Wish, ask};
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn reverse_points(
        &self,
        call: Call<ReversePointsRequest>,
    ) -> Result<ReversePointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for ReversePointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PointsService/ReversePoints";
    type Response = ReversePointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let entry = parse_id("entry_id", &self.entry_id)?;
        let extent = match self.amount {
            0 => Extent::Rest,
            amount => Extent::Amount(amount),
        };
        Ok(Wish {
            subject: Subject::Entry(member, entry),
            act: Act::Reverse { entry, extent },
            reference: self.reference.clone(),
            cost_centre: None,
        })
    }

    fn response(effects: &Effects) -> ReversePointsResponse {
        ReversePointsResponse {
            entry: effects.entry().map(entry_to_wire),
            balance: effects.balance(),
            expired_amount: effects.expired,
            missing_amount: effects.missing,
            reversible_amount: effects.reversible,
            debt_amount: effects.entry().map_or(0, |entry| entry.debt),
        }
    }
}
