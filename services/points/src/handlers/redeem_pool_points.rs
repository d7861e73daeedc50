use contracts::points::v1::{RedeemPoolPointsRequest, RedeemPoolPointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use super::pool_service::member_in;
use crate::domain::{Act, Posting};
use crate::post::post_one;
use crate::store::pool_for_update;
use crate::wire::{entry_to_wire, parse_cost_centre, parse_id, parse_pool};

impl PointsApi {
    pub(crate) async fn redeem_pool_points(
        &self,
        call: Call<RedeemPoolPointsRequest>,
    ) -> Result<RedeemPoolPointsResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let member = parse_id("member_id", &call.member_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let member = member_in(&tx, call.tenant(), member).await?;
        let pool = pool_for_update(&tx, call.tenant(), id).await?;
        pool.check_redemption(member)?;
        let act = Act::RedeemPool {
            by: member,
            amount: call.amount,
        };
        let posting = Posting {
            reference: call.reference.clone(),
            cost_centre: parse_cost_centre(&call.cost_centre),
            ..Posting::new(pool.account(), act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(RedeemPoolPointsResponse {
            entry: effects.entry().map(entry_to_wire),
        })
        .await
    }
}
