use std::collections::BTreeSet;

use async_trait::async_trait;
use contracts::identity::v1::{MembersMerged, MergeUndone};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact, Tenant};
use store::{Tx, redirects};
use uuid::Uuid;

use super::Redirects;
use super::pools::{check_places, follow_merges};
use super::undo::{Undo, merge_id};
use crate::asset::rows::asset_codes;
use crate::domain::{AccountKey, Act, MemberId, Posting, Refusal};
use crate::earning::caps::merge_counters;
use crate::posting::post::post_many;
use crate::wire::parse_id;

/// Moves what an absorbed member holds to the survivor, and leads the old id to the new one, until the merge is undone: then
/// what is left goes back.
pub(crate) struct MoveOnMerge {
    clock: Clock,
}

impl MoveOnMerge {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

/// What the facts tell, in their order.
enum Told {
    Merged(Merge),
    Undone(Undo),
}

struct Merge {
    tenant: Tenant,
    /// The merge's id; none in facts of a time when merges had none.
    cause: Option<Uuid>,
    absorbed: MemberId,
    survivor: MemberId,
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
        let told = facts.iter().map(read).collect::<Result<Vec<Told>, Fault>>()?;
        let mut merges = Vec::new();
        for told in told {
            match told {
                Told::Merged(merge) => merges.push(merge),
                Told::Undone(undo) => {
                    self.merge(tx, std::mem::take(&mut merges)).await?;
                    undo.apply(tx, &self.clock).await?;
                }
            }
        }
        self.merge(tx, merges).await
    }
}

impl MoveOnMerge {
    async fn merge(&self, tx: &Tx, merges: Vec<Merge>) -> Result<(), Fault> {
        let merges = resolve(tx, unless_undone(tx, merges).await?).await?;
        let tenants: BTreeSet<Tenant> = merges.iter().map(|merge| merge.tenant).collect();
        let assets = asset_codes(&**tx, &tenants).await?;
        // Before any account is locked: whoever locks both locks the counters first.
        let pairs: Vec<_> = merges.iter().map(|it| (it.tenant, it.absorbed, it.survivor)).collect();
        merge_counters(tx, &pairs).await?;
        let of_pools = follow_merges(tx, &self.clock, &pairs).await?;
        // An account of every asset, even an empty one: closed, it turns away whoever has not seen the redirect yet.
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
        // Those of pools come first: whom they go to may be absorbed by a later merge of these.
        let postings: Vec<Posting> = of_pools.into_iter().chain(moves).collect();
        for decided in post_many(tx, &self.clock, &postings).await? {
            match decided {
                Ok(_) => {}
                // It is handed over when it is unfrozen; the old id leads to the survivor all the same.
                Err(refusal @ Refusal::Frozen { .. }) => tracing::warn!(%refusal, "a merge waits for a frozen account"),
                Err(refusal) => return Err(refusal.into()),
            }
        }
        check_places(tx, &pairs).await?;
        for merge in &merges {
            redirects::add(&**tx, merge.tenant, merge.absorbed.uuid(), merge.survivor.uuid()).await?;
        }
        Ok(())
    }
}

fn read(fact: &Envelope) -> Result<Told, Fault> {
    if fact.is::<MergeUndone>() {
        return Ok(Told::Undone(Undo::read(fact)?));
    }
    let told: MembersMerged = fact.decode()?;
    Ok(Told::Merged(Merge {
        tenant: fact.tenant,
        cause: merge_id(&told.merge_id)?,
        absorbed: parse_id("absorbed_member_id", &told.absorbed_member_id)?,
        survivor: parse_id("surviving_member_id", &told.surviving_member_id)?,
    }))
}

/// Those merges that have not been undone: told again after its undo, a merge is nothing any more.
async fn unless_undone(tx: &Tx, merges: Vec<Merge>) -> Result<Vec<Merge>, Fault> {
    let cause = |merge: &Merge| Some((merge.tenant, merge.cause?));
    let causes: Vec<(Tenant, Uuid)> = merges.iter().filter_map(cause).collect();
    let ended = redirects::ended(&**tx, &causes).await?;
    let is_undone = |merge: &Merge| cause(merge).is_some_and(|cause| ended.contains(&cause));
    Ok(merges.into_iter().filter(|merge| !is_undone(merge)).collect())
}

/// Who moves to whom, in the order of the facts; the survivor is whoever it is by then, if it was absorbed itself.
async fn resolve(tx: &Tx, merges: Vec<Merge>) -> Result<Vec<Merge>, Fault> {
    let members = merges
        .iter()
        .flat_map(|it| [(it.tenant, it.absorbed), (it.tenant, it.survivor)])
        .collect();
    let mut redirects = Redirects::of(tx, &members).await?;
    let mut resolved = Vec::with_capacity(merges.len());
    for merge in merges {
        let survivor = redirects.follow(merge.tenant, merge.survivor);
        let absorbed = redirects.follow(merge.tenant, merge.absorbed);
        if survivor != absorbed {
            redirects.add(merge.tenant, absorbed, survivor);
            resolved.push(Merge {
                absorbed,
                survivor,
                ..merge
            });
        }
    }
    Ok(resolved)
}
