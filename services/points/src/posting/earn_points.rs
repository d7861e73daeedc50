use contracts_points::v1::{EarnPointsRequest, EarnPointsResponse};
use fault::{Fault, Violations};
use kernel::Principal;
use ledger::{Act, Availability, Effects};
use rpc::Call;

use super::engine::Subject;
use super::request::{PostingRequest, Wish, ask};
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::wire::{check_recorded, parse_cost_centre, parse_id, parse_time};

impl PointsApi {
    pub(crate) async fn earn_points(&self, call: Call<EarnPointsRequest>) -> Result<EarnPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for EarnPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.PointsService/EarnPoints";
    type Response = EarnPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let mut violations = Violations::new();
        let available_time = violations.optional_time("available_time", self.available_time.as_ref());
        check_recorded(&mut violations, "available_time", available_time);
        violations.finish()?;
        let availability = match available_time {
            Some(time) => Availability::At(time),
            None if self.awaits_confirmation => Availability::OnConfirmation,
            None => Availability::AtOnce,
        };
        Ok(Wish {
            subject: Subject::Asset(parse_id("member_id", &self.member_id)?, self.asset_code.as_str().into()),
            act: Act::Earn {
                amount: self.amount,
                expire_time: parse_time("expire_time", self.expire_time.as_ref())?,
                availability,
            },
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
        })
    }

    fn response(effects: &Effects) -> EarnPointsResponse {
        EarnPointsResponse {
            entry: effects.entry().map(entry_to_wire),
            repayment: effects.repayment().map(entry_to_wire),
        }
    }
}
