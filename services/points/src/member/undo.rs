//! The undo of a merge, for the ledger.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::Clock;
use ledger::{AccountKey, Act, Member, MemberId, Posting, Refusal};
use lineage::Undo;
use store::Tx;

use super::pools::put_places_back;
use super::returns::{WaitingReturn, end_waiting, keep_lots, led_to, lots_of_members, reopen, wait_for_return};
use crate::account::rows::lock;
use crate::asset::rows::asset_codes;
use crate::earning::caps::part_counters;
use crate::posting::post::post_many;
use crate::posting::refusals::refused;

/// Ends the redirect, and gives back the lots and places of the restored member. Told again, it does nothing.
pub(crate) async fn undo(tx: &Tx, clock: &Clock, undo: &Undo<Member>) -> Result<(), Fault> {
    if !undo.end(&**tx).await? {
        return Ok(());
    }
    // Before any account is locked: a transaction that locks both locks the counters first.
    part_counters(tx, undo.tenant, undo.restored, undo.survivor).await?;
    let mut returns = put_places_back(tx, clock, undo.tenant, undo.restored, &undo.led).await?;
    let assets = asset_codes(&**tx, &BTreeSet::from([undo.tenant])).await?;
    let own = assets.into_iter().map(|(tenant, asset)| WaitingReturn {
        restored: AccountKey {
            tenant,
            member: undo.restored,
            asset,
        },
        survivor: undo.survivor,
    });
    returns.extend(own);
    give_back(tx, clock, &returns).await
}

/// Makes up for undos that have waited for a frozen account.
pub(crate) async fn return_waiting(tx: &Tx, clock: &Clock, waiting: &[WaitingReturn]) -> Result<(), Fault> {
    for waiting in waiting {
        end_waiting(tx, waiting).await?;
    }
    give_back(tx, clock, waiting).await
}

/// Gives back what there is, account by account; where one of the two is frozen, what is to come back waits.
async fn give_back(tx: &Tx, clock: &Clock, returns: &[WaitingReturn]) -> Result<(), Fault> {
    let mut touched = BTreeSet::new();
    for it in returns {
        for key in [it.restored.clone(), of_member(&it.restored, it.survivor)] {
            touched.extend([led(tx, &key).await?, key]);
        }
    }
    let locked = lock(tx, &touched).await?;
    let is_closed = |key: &AccountKey| {
        let row = locked.iter().find(|row| row.key == *key);
        row.is_some_and(|row| row.standing.moved_to.is_some())
    };
    for waiting in returns {
        let [mut to, mut from] = [waiting.restored.clone(), of_member(&waiting.restored, waiting.survivor)];
        // Merged again while the return waited: what comes back goes where the account went, if it has gone already.
        for key in [&mut to, &mut from] {
            if is_closed(key) {
                *key = led(tx, key).await?;
            }
        }
        if from == to {
            continue;
        }
        let members = led_to(tx, to.tenant, to.member).await?;
        let wanted = lots_of_members(tx, &from, &members).await?;
        let act = Act::Return {
            to: to.member,
            members,
            lots: wanted.clone(),
        };
        match post_many(tx, clock, &[Posting::new(from.clone(), act)]).await?.pop() {
            Some(Ok(_)) => keep_lots(tx, &from, &wanted).await?,
            Some(Err(refusal @ Refusal::Frozen { .. })) => {
                tracing::warn!(%refusal, "the undo of a merge waits for a frozen account");
                reopen(tx, &to).await?;
                wait_for_return(tx, waiting).await?;
            }
            Some(Err(refusal)) => return Err(refused(refusal)),
            None => return Err(Fault::internal("a posting without an outcome")),
        }
    }
    Ok(())
}

/// The account of whom its member was merged into; itself where it was not.
async fn led(tx: &Tx, key: &AccountKey) -> Result<AccountKey, Fault> {
    let member = lineage::follow(&**tx, key.tenant, key.member).await?;
    Ok(of_member(key, member))
}

fn of_member(key: &AccountKey, member: MemberId) -> AccountKey {
    AccountKey { member, ..key.clone() }
}
