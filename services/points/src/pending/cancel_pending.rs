use contracts_points::v1::{CancelPendingRequest, CancelPendingResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;

use super::confirm_pending::parse_earns;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn cancel_pending(
        &self,
        call: Call<CancelPendingRequest>,
    ) -> Result<CancelPendingResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for CancelPendingRequest {
    const METHOD: &'static str = "quanyu.points.v1.PendingService/CancelPending";
    type Response = CancelPendingResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let earns = parse_earns(&self.entry_id, &self.reference)?;
        Ok(Wish {
            reference: self.reference.clone(),
            ..Wish::new(
                Subject::Asset(member, self.asset_code.as_str().into()),
                Act::Cancel { earns },
            )
        })
    }

    fn response(effects: &Effects) -> CancelPendingResponse {
        let reversals = effects.entries.iter().filter(|entry| entry.reverses.is_some());
        CancelPendingResponse {
            entries: reversals.map(entry_to_wire).collect(),
        }
    }
}
