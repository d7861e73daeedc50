//! What merges do to pools: the survivor takes the place of the absorbed member, until an undo puts it back.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{Absorbed, Act, HandedPlace, MemberId, Pool, PoolId, Posting, PutBack};
use store::{Tx, redirects};

use super::returns::WaitingReturn;
use crate::pool::handed_places::{
    dissolved_pools_of, forget_handed_places, handed_places, others_handed_to, save_handed_place,
};
use crate::pool::rows::{joined_pool, lock_pools, pool_for_update, pools_of_members, save_pool};
use crate::posting::facts;

/// Follows merges in their order; answers what is to be posted with them: the points of pools that nobody is left in. Pools
/// are locked before any account.
pub(crate) async fn follow_merges(
    tx: &Tx,
    clock: &Clock,
    merges: &[(Tenant, MemberId, MemberId)],
) -> Result<Vec<Posting>, Fault> {
    // A place goes on to the next survivor within one batch, so all are looked at for each merge; there are seldom any. Those
    // of survivors are locked, too: nobody joins one while another's place is given to the same member.
    let both = merges
        .iter()
        .flat_map(|(tenant, from, to)| [(*tenant, *from), (*tenant, *to)]);
    let touched = pools_of_members(&**tx, &both.collect()).await?;
    let (mut postings, mut told) = (Vec::new(), Vec::new());
    let now = clock.now();
    for (tenant, pool) in touched {
        let mut pool = pool_for_update(tx, tenant, pool).await?;
        for (_, from, to) in merges.iter().filter(|merge| merge.0 == tenant) {
            let elsewhere = joined_pool(&**tx, tenant, *to, &pool.asset).await?;
            let is_elsewhere = elsewhere.is_some_and(|other| other != pool.id);
            let was_member = pool.check_contribution(*from).is_ok();
            let Some((handed, outcome)) = HandedPlace::absorb(&mut pool, *from, *to, is_elsewhere, now) else {
                continue;
            };
            match outcome {
                Absorbed::Left if was_member => told.push(facts::pool_member_left(&pool, *from, now)),
                Absorbed::Taken | Absorbed::Left => {}
                Absorbed::Dissolved => {
                    postings.push(Posting::new(pool.account(), Act::Move { to: *to }));
                    redirects::add(&**tx, tenant, pool.id.uuid(), to.uuid()).await?;
                    told.push(facts::pool_dissolved(&pool, now));
                }
            }
            pool.version = pool.version.saturating_add(1);
            save_pool(tx, &pool).await?;
            save_handed_place(tx, &pool, &handed).await?;
        }
    }
    tx.emit_all(clock, told).await?;
    Ok(postings)
}

/// Makes sure, now that the accounts of the absorbed are locked, that they have got no place meanwhile.
pub(crate) async fn check_places(tx: &Tx, merges: &[(Tenant, MemberId, MemberId)]) -> Result<(), Fault> {
    let absorbed: BTreeSet<(Tenant, MemberId)> = merges.iter().map(|(tenant, from, _)| (*tenant, *from)).collect();
    if pools_of_members(&**tx, &absorbed).await?.is_empty() {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

/// Puts the places of a member back who is itself again, as far as they are there. Answers what goes back with them: the
/// points of pools that its merge had ended. What was left of pools that it owned goes where it goes itself.
pub(crate) async fn put_places_back(
    tx: &Tx,
    clock: &Clock,
    tenant: Tenant,
    restored: MemberId,
    led: &[MemberId],
) -> Result<Vec<WaitingReturn>, Fault> {
    let mut handed = handed_places(tx, tenant, restored).await?;
    let mut ids: BTreeSet<(Tenant, PoolId)> = handed.keys().map(|pool| (tenant, *pool)).collect();
    for owner in led.iter().chain([&restored]) {
        let ended = dissolved_pools_of(&**tx, tenant, *owner).await?;
        ids.extend(ended.into_iter().map(|pool| (tenant, pool)));
    }
    let (mut returns, mut told) = (Vec::new(), Vec::new());
    let now = clock.now();
    let mut pools: Vec<Pool> = lock_pools(tx, &ids).await?.into_values().collect();
    pools.sort_by_key(|pool| pool.id);
    for mut pool in pools {
        let Some(handed) = handed.remove(&pool.id) else {
            redirects::add(&**tx, tenant, pool.id.uuid(), restored.uuid()).await?;
            continue;
        };
        let (survivor, joined) = (handed.survivor, handed.place.join_time.is_some());
        let mut others = others_handed_to(tx, &pool, survivor, restored).await?;
        let outcome = handed.put_back(&mut pool, &mut others);
        for other in &others {
            save_handed_place(tx, &pool, other).await?;
        }
        match outcome {
            PutBack::Nothing => continue,
            PutBack::Returned => {}
            PutBack::Renewed if joined => told.push(facts::pool_member_joined(&pool, restored, now)),
            PutBack::Renewed => told.push(facts::pool_member_invited(&pool, restored, now)),
            PutBack::Inherited => redirects::add(&**tx, tenant, pool.id.uuid(), restored.uuid()).await?,
            PutBack::Reopened => {
                redirects::remove(&**tx, tenant, pool.id.uuid()).await?;
                told.push(facts::pool_reopened(&pool, now));
                returns.push(WaitingReturn {
                    restored: pool.account(),
                    survivor,
                });
            }
        }
        pool.version = pool.version.saturating_add(1);
        save_pool(tx, &pool).await?;
    }
    forget_handed_places(tx, tenant, restored).await?;
    tx.emit_all(clock, told).await?;
    Ok(returns)
}
