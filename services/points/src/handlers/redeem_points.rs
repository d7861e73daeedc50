use contracts::points::v1::{RedeemPointsRequest, RedeemPointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, Posting};
use crate::post::{account_of, post_one};
use crate::wire::{entry_to_wire, parse_cost_centre, parse_id};

impl PointsApi {
    pub(crate) async fn redeem_points(&self, call: Call<RedeemPointsRequest>) -> Result<RedeemPointsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let act = Act::Redeem { amount: call.amount };
        let posting = Posting {
            reference: call.reference.clone(),
            cost_centre: parse_cost_centre(&call.cost_centre),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(RedeemPointsResponse {
            entry: effects.entry().map(entry_to_wire),
        })
        .await
    }
}
