use contracts::points::v1::{HoldPointsRequest, HoldPointsResponse};
use fault::Fault;
use rpc::Call;
use std::time::Duration;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, Posting};
use crate::post::{account_of, post_one};
use crate::wire::{hold_to_wire, parse_id};

/// For how long an amount is set aside where the caller does not say.
const TTL_DEFAULT: Duration = Duration::from_mins(30);

impl PointsApi {
    pub(crate) async fn hold_points(&self, call: Call<HoldPointsRequest>) -> Result<HoldPointsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let ttl = match u64::try_from(call.ttl_seconds).map_err(Fault::internal)? {
            0 => TTL_DEFAULT,
            seconds => Duration::from_secs(seconds),
        };
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let act = Act::Hold {
            amount: call.amount,
            ttl,
        };
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(HoldPointsResponse {
            hold: effects.hold.as_ref().map(hold_to_wire),
        })
        .await
    }
}
