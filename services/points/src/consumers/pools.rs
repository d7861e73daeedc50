//! What merges do to pools: the survivor takes the place of the absorbed member.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Clock, Tenant};
use store::{Tx, redirects};

use crate::domain::{Absorbed, Act, MemberId, Posting};
use crate::facts;
use crate::store::{joined_pool, pool_for_update, pools_of_members, save_pool};

/// Follows merges in their order; answers what is to be posted with them: the points of pools that nobody is left in. Pools
/// are locked before any account.
pub(super) async fn follow_merges(
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
            if pool.members.iter().all(|it| it.member != *from) {
                continue;
            }
            let elsewhere = joined_pool(&**tx, tenant, *to, &pool.asset).await?;
            let is_elsewhere = elsewhere.is_some_and(|other| other != pool.id);
            let was_member = pool.check_contribution(*from).is_ok();
            match pool.absorb(*from, *to, is_elsewhere, now) {
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
        }
    }
    tx.emit_all(clock, told).await?;
    Ok(postings)
}

/// Makes sure, now that the accounts of the absorbed are locked, that they have got no place meanwhile.
pub(super) async fn check_places(tx: &Tx, merges: &[(Tenant, MemberId, MemberId)]) -> Result<(), Fault> {
    let absorbed: BTreeSet<(Tenant, MemberId)> = merges.iter().map(|(tenant, from, _)| (*tenant, *from)).collect();
    if pools_of_members(&**tx, &absorbed).await?.is_empty() {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}
