use std::collections::BTreeSet;

use async_trait::async_trait;
use contracts_identity::v1::{MembersMerged, MergeUndone};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact, Tenant};
use ledger::{AccountKey, Act, Member, Posting, Refusal};
use lineage::{Merge, Part};
use store::Tx;

use super::pools::{check_places, follow_merges};
use super::undo::undo;
use crate::asset::rows::asset_codes;
use crate::earning::caps::merge_counters;
use crate::posting::post::post_many;
use crate::posting::refusals::refused;

/// Moves the accounts of an absorbed member to the survivor, and leads the old id to the new one, until the merge is undone:
/// then the lots that are left go back.
pub(crate) struct MoveOnMerge {
    clock: Clock,
}

impl MoveOnMerge {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

#[async_trait]
impl Consumer for MoveOnMerge {
    fn name(&self) -> &'static str {
        "points.move_on_merge"
    }

    fn stream(&self) -> &'static str {
        "identity"
    }

    fn types(&self) -> &'static [&'static str] {
        &[MembersMerged::TYPE, MergeUndone::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        for part in lineage::parts::<Member>(facts)? {
            match part {
                Part::Merges(merges) => self.merge(tx, merges).await?,
                Part::Undo(undone) => undo(tx, &self.clock, &undone).await?,
                Part::Others(_) => {}
            }
        }
        Ok(())
    }
}

impl MoveOnMerge {
    async fn merge(&self, tx: &Tx, merges: Vec<Merge<Member>>) -> Result<(), Fault> {
        let merges = lineage::standing(&**tx, merges).await?;
        let merges = lineage::resolve(&**tx, merges).await?;
        let tenants: BTreeSet<Tenant> = merges.iter().map(|merge| merge.tenant).collect();
        let assets = asset_codes(&**tx, &tenants).await?;
        // Before any account is locked: a transaction that locks both locks the counters first.
        let pairs: Vec<_> = merges.iter().map(|it| (it.tenant, it.absorbed, it.survivor)).collect();
        merge_counters(tx, &pairs).await?;
        let of_pools = follow_merges(tx, &self.clock, &pairs).await?;
        // An account of every asset, even an empty one: closed, it turns away a posting that has not seen the redirect yet.
        let moves = merges.iter().flat_map(|merge| {
            let codes = assets.iter().filter(|(tenant, _)| *tenant == merge.tenant);
            codes.map(|(tenant, asset)| {
                let account = AccountKey {
                    tenant: *tenant,
                    member: merge.absorbed,
                    asset: asset.clone(),
                };
                Posting::new(account, Act::Move { to: merge.survivor })
            })
        });
        // Those of pools come first: their survivors may be absorbed by a later merge of these.
        let postings: Vec<Posting> = of_pools.into_iter().chain(moves).collect();
        for decided in post_many(tx, &self.clock, &postings).await? {
            match decided {
                Ok(_) => {}
                // It is handed over when it is unfrozen; the old id leads to the survivor all the same.
                Err(refusal @ Refusal::Frozen { .. }) => tracing::warn!(%refusal, "a merge waits for a frozen account"),
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        check_places(tx, &pairs).await?;
        lineage::redirect(&**tx, &merges).await
    }
}
