use std::collections::BTreeSet;

use contracts::points::v1::{ReversePoolPointsRequest, ReversePoolPointsResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{Act, EntryId, Extent, Posting, holder_of};
use crate::post::{account_of, post_one};
use crate::store::{Owned, owners, pool_for_update};
use crate::wire::{entry_to_wire, parse_id, parse_pool};

impl PointsApi {
    pub(crate) async fn reverse_pool_points(
        &self,
        call: Call<ReversePoolPointsRequest>,
    ) -> Result<ReversePoolPointsResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let entry: EntryId = parse_id("entry_id", &call.entry_id)?;
        let extent = match call.amount {
            0 => Extent::Rest,
            amount => Extent::Amount(amount),
        };
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let tenant = call.tenant();
        let pool = pool_for_update(&tx, tenant, id).await?;
        let asked = (Owned::Entry, tenant, entry.uuid());
        let owners = owners(&tx, &BTreeSet::from([asked])).await?;
        if owners.get(&asked).is_none_or(|owner| owner.member != holder_of(id)) {
            return Err(Fault::not_found("entry", entry));
        }
        // A pool that was dissolved leads to its owner.
        let account = account_of(&tx, tenant, holder_of(id), &pool.asset).await?;
        let posting = Posting {
            reference: call.reference.clone(),
            ..Posting::new(account, Act::Reverse { entry, extent })
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(ReversePoolPointsResponse {
            entry: effects.entry().map(entry_to_wire),
            balance: effects.balance(),
            expired_amount: effects.expired,
            reversible_amount: effects.reversible,
        })
        .await
    }
}
