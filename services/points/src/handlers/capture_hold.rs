use contracts::points::v1::{CaptureHoldRequest, CaptureHoldResponse};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;
use store::{Begun, Tx};

use super::PointsApi;
use crate::domain::{AccountKey, Act, HoldId, Posting};
use crate::post::{account_of, post_one};
use crate::store::find_hold;
use crate::wire::{entry_to_wire, hold_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn capture_hold(&self, call: Call<CaptureHoldRequest>) -> Result<CaptureHoldResponse, Fault> {
        let hold = parse_id("hold_id", &call.hold_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of_hold(&tx, call.tenant(), hold).await?;
        let act = Act::Capture {
            hold,
            amount: (call.amount > 0).then_some(call.amount),
        };
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(CaptureHoldResponse {
            entry: effects.entry().map(entry_to_wire),
            hold: effects.hold.as_ref().map(hold_to_wire),
            expired_amount: effects.expired,
        })
        .await
    }
}

/// The account that a hold is of.
pub(super) async fn account_of_hold(tx: &Tx, tenant: Tenant, hold: HoldId) -> Result<AccountKey, Fault> {
    let found = find_hold(&**tx, tenant, hold).await?;
    let (member, asset) = found.ok_or_else(|| Fault::not_found("hold", hold))?;
    account_of(tx, tenant, member, &asset).await
}
