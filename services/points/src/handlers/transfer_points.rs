use contracts::points::v1::{TransferPointsRequest, TransferPointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, EntryKind, Posting};
use crate::post::{account_of, post_one};
use crate::wire::{entry_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn transfer_points(
        &self,
        call: Call<TransferPointsRequest>,
    ) -> Result<TransferPointsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let to = parse_id("to_member_id", &call.to_member_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let receiver = account_of(&tx, call.tenant(), to, &call.asset_code).await?;
        let act = Act::Transfer {
            to: receiver.member,
            amount: call.amount,
        };
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        let into = effects.entries.iter().find(|entry| entry.kind == EntryKind::TransferIn);
        tx.commit(TransferPointsResponse {
            out_entry: effects.entry().map(entry_to_wire),
            in_entry: into.map(entry_to_wire),
        })
        .await
    }
}
