use contracts::points::v1::{ReversePointsRequest, ReversePointsResponse};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;
use store::{Begun, Tx};

use super::PointsApi;
use crate::domain::{AccountKey, Act, EntryId, Extent, MemberId, Posting};
use crate::post::{account_of, post_one};
use crate::store::find_entry;
use crate::wire::{entry_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn reverse_points(
        &self,
        call: Call<ReversePointsRequest>,
    ) -> Result<ReversePointsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let entry = parse_id("entry_id", &call.entry_id)?;
        let extent = if call.amount == 0 {
            Extent::Rest
        } else {
            Extent::Amount(call.amount)
        };
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of_entry(&tx, call.tenant(), member, entry).await?;
        let act = Act::Reverse { entry, extent };
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        let answer = ReversePointsResponse {
            entry: effects.entry().map(entry_to_wire),
            balance: effects.balance(),
            expired_amount: effects.expired,
            missing_amount: effects.missing,
            reversible_amount: effects.reversible,
            debt_amount: effects.entry().map_or(0, |entry| entry.debt),
        };
        tx.commit(answer).await
    }
}

/// The account that the entry is of today: that of whom the entry's member was merged into. An entry of somebody else is
/// as good as none.
async fn account_of_entry(tx: &Tx, tenant: Tenant, member: MemberId, entry: EntryId) -> Result<AccountKey, Fault> {
    let Some((owner, asset)) = find_entry(&**tx, tenant, entry).await? else {
        return Err(Fault::not_found("entry", entry));
    };
    let asked = account_of(tx, tenant, member, &asset).await?;
    let today = if owner == member {
        asked.clone()
    } else {
        account_of(tx, tenant, owner, &asset).await?
    };
    if today == asked {
        Ok(today)
    } else {
        Err(Fault::not_found("entry", entry))
    }
}
