use contracts::points::v1::{EarnPointsRequest, EarnPointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, Availability, Posting};
use crate::post::{account_of, post_one};
use crate::wire::{entry_to_wire, parse_cost_centre, parse_id, parse_time};

impl PointsApi {
    pub(crate) async fn earn_points(&self, call: Call<EarnPointsRequest>) -> Result<EarnPointsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let expire_time = parse_time("expire_time", call.expire_time.as_ref())?;
        let availability = match parse_time("available_time", call.available_time.as_ref())? {
            Some(time) => Availability::At(time),
            None if call.awaits_confirmation => Availability::OnConfirmation,
            None => Availability::AtOnce,
        };
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let act = Act::Earn {
            amount: call.amount,
            expire_time,
            availability,
        };
        let posting = Posting {
            reference: call.reference.clone(),
            cost_centre: parse_cost_centre(&call.cost_centre),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(EarnPointsResponse {
            entry: effects.entry().map(entry_to_wire),
            repayment: effects.repayment().map(entry_to_wire),
        })
        .await
    }
}
