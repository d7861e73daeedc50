//! Which lots of the accounts are read: those that are named, and of those that are spent as many as are needed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use ledger::{AccountKey, HoldId, LotId, LotKey, Posting, State, Takes, receiver};
use store::Tx;

use super::{check_size, keys_of, named_entries};
use crate::account::lots::{FIRST, LOTS_PER_PAGE, lots_by_id, open_lots, pending_lots};
use crate::member::returns::owners_of_lots;

/// How many lots one statement reads at the most, of how many accounts ever.
const LOTS_PER_READ: usize = 16_384;

/// The lots that postings name: those that get something back, the own lot of an earn, those of a hold, those that are to
/// expire.
pub(crate) async fn load_lots_by_id(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let mut wanted: BTreeMap<(Tenant, LotId), BTreeSet<&AccountKey>> = BTreeMap::new();
    for &posting in postings {
        let needs = posting.act.needs();
        let mut lots = needs.lots.ids();
        let entries = named_entries(state, posting).into_iter();
        let entries = entries.filter_map(|entry| state.reversible(entry));
        lots.extend(entries.flat_map(|it| it.parts.iter().map(|part| part.lot)));
        lots.extend(needs.hold.into_iter().flat_map(|hold| lots_of_hold(state, hold)));
        if needs.takes == Takes::All {
            lots.extend(held_lots(state, &posting.account));
        }
        for lot in lots {
            let accounts = wanted.entry((posting.account.tenant, lot)).or_default();
            accounts.insert(&posting.account);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let rows = lots_by_id(tx, &wanted.keys().copied().collect::<Vec<_>>()).await?;
    let empty = rows.iter().filter(|row| row.lot.worth() == 0);
    let owners = owners_of_lots(tx, empty.map(|row| (row.tenant, row.lot.id, row.lot.entry)).collect()).await?;
    for row in rows {
        let Some(accounts) = wanted.get(&(row.tenant, row.lot.id)) else {
            continue;
        };
        // One that has something left is its holder's alone. An empty one comes back to whose it was, or whom that member was
        // merged into, and not to the member who emptied it: what a survivor has emptied is not its own after an undo.
        let owner = AccountKey {
            tenant: row.tenant,
            member: owners.get(&(row.tenant, row.lot.id)).copied().unwrap_or(row.member),
            asset: row.asset,
        };
        if accounts.contains(&owner) {
            state.account_mut(&owner).load(row.lot);
        } else {
            state.load_elsewhere(row.lot);
        }
    }
    Ok(())
}

fn lots_of_hold(state: &State, hold: HoldId) -> impl Iterator<Item = LotId> {
    state.hold(hold).parts.iter().map(|part| part.lot)
}

/// The pending lots of accounts that move: they are not among the open ones.
pub(crate) async fn load_pending_lots(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let moving = postings.iter().filter(|it| it.act.needs().takes == Takes::All);
    let moving = moving
        .map(|it| it.account.clone())
        .filter(|key| state.account(key).pending > 0);
    for row in pending_lots(tx, &moving.collect()).await? {
        let key = AccountKey {
            tenant: row.tenant,
            member: row.member,
            asset: row.asset,
        };
        state.account_mut(&key).load(row.lot);
    }
    Ok(())
}

/// The lots of an account's open holds: all that is left of one may be held, and then it is not among the open lots.
fn held_lots(state: &State, account: &AccountKey) -> Vec<LotId> {
    let holds = state.holds().filter(|hold| hold.account == *account && hold.is_open());
    holds.flat_map(|hold| hold.parts.iter().map(|part| part.lot)).collect()
}

/// The open lots of accounts that spend, page by page, until they cover what all postings together may take.
pub(crate) async fn load_open_lots(
    tx: &Tx,
    state: &mut State,
    postings: &[&Posting],
    lots_max: usize,
) -> Result<(), Fault> {
    let mut needs = needs(state, postings);
    let mut cursors: Vec<(AccountKey, LotKey)> = needs.keys().map(|key| (key.clone(), FIRST)).collect();
    cursors.sort();
    let mut sizes = LOTS_PER_PAGE.into_iter();
    let mut size = 0;
    while !cursors.is_empty() {
        size = sizes.next().unwrap_or(size);
        let mut pages: HashMap<AccountKey, BTreeSet<LotKey>> = HashMap::new();
        for cursors in cursors.chunks(LOTS_PER_READ.checked_div(size).unwrap_or(1)) {
            for row in open_lots(tx, cursors, size).await? {
                let key = AccountKey {
                    tenant: row.tenant,
                    member: row.member,
                    asset: row.asset,
                };
                pages.entry(key.clone()).or_default().insert(row.lot.key());
                if let Some(need) = needs.get_mut(&key).filter(|_| !row.lot.is_due(state.now)) {
                    *need = need.saturating_sub(row.lot.remaining);
                }
                state.account_mut(&key).load(row.lot);
            }
            check_size(state, lots_max)?;
        }
        cursors.retain_mut(|(key, cursor)| {
            let page = pages.remove(key).unwrap_or_default();
            if page.len() < size {
                state.account_mut(key).set_complete();
                return false;
            }
            *cursor = page.last().copied().unwrap_or(*cursor);
            needs.get(key).is_some_and(|need| *need > 0)
        });
    }
    Ok(())
}

/// How much of each account's open lots all postings together may take: of those alone that may take something. It only
/// says how far to read, so that it may stop at the end of 64 bits: that is all of them.
fn needs(state: &State, postings: &[&Posting]) -> HashMap<AccountKey, i64> {
    let mut needs: HashMap<AccountKey, i64> = HashMap::new();
    let moving = postings.iter().filter(|it| it.act.needs().hands_over);
    let debts = moving.fold(0_i64, |sum, it| sum.saturating_add(state.account(&it.account).debt));
    for posting in postings {
        let need = posting.act.needs().takes.amount(state);
        if need > 0 {
            let sum = needs.entry(posting.account.clone()).or_default();
            *sum = sum.saturating_add(need);
        }
        // A member that takes over a debt repays it; a chain of moves brings all of it to its end.
        if let Some(survivor) = receiver(posting).filter(|_| debts > 0) {
            let sum = needs.entry(survivor).or_default();
            *sum = sum.saturating_add(debts);
        }
    }
    // An idle account loses all of its open lots.
    for key in postings.iter().flat_map(|posting| keys_of(posting)) {
        if state.account(&key).is_idle(state.now) {
            needs.insert(key, i64::MAX);
        }
    }
    // An account that was not there to be locked has no lots, even if somebody else has made it since.
    needs.retain(|key, _| !state.account(key).is_complete());
    needs
}
