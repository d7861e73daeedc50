use contracts_points::v1::{HoldPointsRequest, HoldPointsResponse};
use fault::Fault;
use kernel::Principal;
use ledger::{Act, Effects};
use rpc::Call;
use std::time::Duration;

use super::wire::hold_to_wire;
use crate::api::PointsApi;
use crate::posting::engine::Subject;
use crate::posting::request::{PostingRequest, Wish, ask};
use crate::wire::{parse_cost_centre, parse_id};

/// For how long an amount is set aside where the caller does not say.
const TTL_DEFAULT: Duration = Duration::from_mins(30);

impl PointsApi {
    pub(crate) async fn hold_points(&self, call: Call<HoldPointsRequest>) -> Result<HoldPointsResponse, Fault> {
        self.engine.post(ask(call.principal(), &*call)?).await
    }
}

impl PostingRequest for HoldPointsRequest {
    const METHOD: &'static str = "quanyu.points.v1.HoldService/HoldPoints";
    type Response = HoldPointsResponse;

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn wish(&self, _: &Principal) -> Result<Wish, Fault> {
        let member = parse_id("member_id", &self.member_id)?;
        let act = Act::Hold {
            amount: self.amount,
            ttl: ttl(self.ttl_seconds)?,
        };
        Ok(Wish {
            reference: self.reference.clone(),
            cost_centre: parse_cost_centre(&self.cost_centre),
            ..Wish::new(Subject::Asset(member, self.asset_code.as_str().into()), act)
        })
    }

    fn response(effects: &Effects) -> HoldPointsResponse {
        HoldPointsResponse {
            hold: effects.hold.as_ref().map(hold_to_wire),
        }
    }
}

/// For how long an amount is to be set aside.
pub(crate) fn ttl(seconds: i32) -> Result<Duration, Fault> {
    Ok(match u64::try_from(seconds).map_err(Fault::internal)? {
        0 => TTL_DEFAULT,
        seconds => Duration::from_secs(seconds),
    })
}
