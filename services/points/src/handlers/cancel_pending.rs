use contracts::points::v1::{CancelPendingRequest, CancelPendingResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use super::confirm_pending::Earn;
use crate::domain::{Act, Posting};
use crate::post::{account_of, post_many};
use crate::wire::{entry_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn cancel_pending(
        &self,
        call: Call<CancelPendingRequest>,
    ) -> Result<CancelPendingResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let earn = Earn::parse(&call.entry_id, &call.reference)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let cancel = |entry| Posting {
            reference: call.reference.clone(),
            ..Posting::new(account.clone(), Act::Cancel { entry })
        };
        let postings: Vec<Posting> = earn.entries(&tx, &account).await?.into_iter().map(cancel).collect();
        let mut entries = Vec::with_capacity(postings.len());
        for decided in post_many(&tx, &self.clock, &postings).await? {
            entries.extend(decided?.entry().map(entry_to_wire));
        }
        tx.commit(CancelPendingResponse { entries }).await
    }
}
