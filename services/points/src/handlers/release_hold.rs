use contracts::points::v1::{ReleaseHoldRequest, ReleaseHoldResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use super::capture_hold::account_of_hold;
use crate::domain::{Act, Posting, ReleaseCause};
use crate::post::post_one;
use crate::wire::{hold_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn release_hold(&self, call: Call<ReleaseHoldRequest>) -> Result<ReleaseHoldResponse, Fault> {
        let hold = parse_id("hold_id", &call.hold_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of_hold(&tx, call.tenant(), hold).await?;
        let act = Act::Release {
            hold,
            cause: ReleaseCause::Call,
        };
        let effects = post_one(&tx, &self.clock, Posting::new(account, act)).await?;
        tx.commit(ReleaseHoldResponse {
            hold: effects.hold.as_ref().map(hold_to_wire),
            expired_amount: effects.expired,
        })
        .await
    }
}
