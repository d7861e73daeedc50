use contracts::points::v1::{ContributePointsRequest, ContributePointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, EntryKind, Posting};
use crate::post::{account_of, post_one};
use crate::store::pool_for_update;
use crate::wire::{entry_to_wire, parse_id, parse_pool};

impl PointsApi {
    pub(crate) async fn contribute_points(
        &self,
        call: Call<ContributePointsRequest>,
    ) -> Result<ContributePointsResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let member = parse_id("member_id", &call.member_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let pool = pool_for_update(&tx, call.tenant(), id).await?;
        let account = account_of(&tx, call.tenant(), member, &pool.asset).await?;
        pool.check_contribution(account.member)?;
        let act = Act::Transfer {
            to: pool.account().member,
            amount: call.amount,
        };
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        let into = effects.entries.iter().find(|entry| entry.kind == EntryKind::TransferIn);
        tx.commit(ContributePointsResponse {
            out_entry: effects.entry().map(entry_to_wire),
            in_entry: into.map(entry_to_wire),
        })
        .await
    }
}
