mod lots;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use contracts_points::v1::ErrorReason;
use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{Account, AccountKey, Asset, AssetCode, Earns, EntryId, Posting, Standing, State, receiver};
use store::Tx;

use super::reversible;
use crate::account::lots::waiting_earns;
use crate::account::rows::AccountRow;
use crate::adjustment::rows::lock_adjustments;
use crate::hold;
use lots::{load_lots_by_id, load_open_lots, load_pending_lots};

/// Locks everything that the postings touch, in one order, creating what is missing, and reads what their decisions need.
pub(crate) async fn load(tx: &Tx, clock: &Clock, postings: &[Posting]) -> Result<State, Fault> {
    let keys: BTreeSet<AccountKey> = postings.iter().flat_map(keys_of).collect();
    let assets = crate::asset::rows::assets(&**tx, keys.iter().map(asset_of).collect()).await?;
    if let Some(key) = keys.iter().find(|key| !assets.contains_key(&asset_of(key))) {
        return Err(Fault::not_found("asset", &key.asset));
    }
    let locked = crate::account::rows::lock(tx, &keys).await?;
    let mut state = state_of(clock, &keys, locked, &assets);
    read(tx, &mut state, &postings.iter().collect::<Vec<_>>(), usize::MAX).await?;
    Ok(state)
}

/// A state of locked accounts, with none of their lots yet. An account that is wanted and was not locked, because it does
/// not exist, is empty, and stays so: what would give it something has it created before.
pub(crate) fn state_of(
    clock: &Clock,
    wanted: &BTreeSet<AccountKey>,
    locked: Vec<AccountRow>,
    assets: &HashMap<(Tenant, AssetCode), Arc<Asset>>,
) -> State {
    let ids = clock.clone();
    let mut state = State::new(clock.now(), move || ids.uuid());
    let asset = |key: &AccountKey| {
        let Some(asset) = assets.get(&asset_of(key)) else {
            panic!("asset {} was not loaded", key.asset)
        };
        asset.clone()
    };
    for row in locked {
        let account = Account::new(asset(&row.key), row.standing);
        state.load(row.key, account.frozen(row.frozen).changed_at(row.change_time));
    }
    for key in wanted {
        if !state.has_account(key) {
            let mut nothing = Account::new(asset(key), Standing::default());
            nothing.set_complete();
            state.load(key.clone(), nothing);
        }
    }
    state
}

/// Reads what the decisions need beside the accounts: not more, so that the cost of a posting does not grow with its
/// account's history.
///
/// Several postings that would read more than `lots_max` lots together are refused together; one alone reads what it needs.
pub(crate) async fn read(tx: &Tx, state: &mut State, postings: &[&Posting], lots_max: usize) -> Result<(), Fault> {
    check_open(state, postings)?;
    load_adjustments(tx, state, postings).await?;
    load_waiting(tx, state, postings).await?;
    load_reversibles(tx, state, postings).await?;
    load_holds(tx, state, postings).await?;
    load_lots_by_id(tx, state, postings).await?;
    load_pending_lots(tx, state, postings).await?;
    let lots_max = if postings.len() > 1 { lots_max } else { usize::MAX };
    check_size(state, lots_max)?;
    load_open_lots(tx, state, postings, lots_max).await
}

fn check_size(state: &State, lots_max: usize) -> Result<(), Fault> {
    let lots = state.accounts().map(|(_, account)| account.lots_count());
    if lots.fold(0, usize::saturating_add) <= lots_max {
        return Ok(());
    }
    let message = format!("the postings of one transaction would read more than {lots_max} lots: post fewer at a time");
    Err(Fault::refused(ErrorReason::TooManyLots, message).with("lots_max", lots_max))
}

/// Refuses where a merge came in between: the posting follows the redirect anew.
fn check_open(state: &State, postings: &[&Posting]) -> Result<(), Fault> {
    let gone = |key: &AccountKey| state.account(key).moved_to.is_some();
    let lost = postings.iter().any(|posting| {
        let receiver_gone = receiver(posting).is_some_and(|receiver| gone(&receiver));
        !posting.act.needs().open.holds(gone(&posting.account), receiver_gone)
    });
    if lost { Err(Fault::Contended) } else { Ok(()) }
}

/// The asset that an account is of.
pub(crate) fn asset_of(key: &AccountKey) -> (Tenant, AssetCode) {
    (key.tenant, key.asset.clone())
}

/// The accounts that a posting touches.
pub(crate) fn keys_of(posting: &Posting) -> impl Iterator<Item = AccountKey> {
    std::iter::once(posting.account.clone()).chain(receiver(posting))
}

/// The adjustments that postings name.
async fn load_adjustments(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let named = postings
        .iter()
        .filter_map(|posting| Some((posting.account.tenant, posting.act.needs().adjustment?)));
    for adjustment in lock_adjustments(tx, &named.collect()).await? {
        state.load_adjustment(adjustment);
    }
    Ok(())
}

/// The pending earns that postings name by a reference.
async fn load_waiting(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let named = postings.iter().filter_map(|posting| match posting.act.needs().earns? {
        Earns::Reference(reference) => Some((&posting.account, reference.as_str())),
        Earns::Entry(_) => None,
    });
    for (entry, key, reference) in waiting_earns(tx, &named.collect()).await? {
        state.load_waiting(&key, &reference, entry);
    }
    Ok(())
}

async fn load_reversibles(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let mut ids: BTreeSet<(Tenant, EntryId)> = BTreeSet::new();
    for posting in postings {
        let named = named_entries(state, posting).into_iter();
        ids.extend(named.map(|entry| (posting.account.tenant, entry)));
    }
    if ids.is_empty() {
        return Ok(());
    }
    for reversible in reversible::reversibles(tx, &ids.into_iter().collect::<Vec<_>>()).await? {
        state.load_reversible(reversible);
    }
    Ok(())
}

/// The entries that a posting reverses, confirms or cancels.
fn named_entries(state: &State, posting: &Posting) -> Vec<EntryId> {
    let needs = posting.act.needs();
    let earns = needs.earns.map(|earns| state.earns(&posting.account, earns));
    needs.reversed.into_iter().chain(earns.into_iter().flatten()).collect()
}

/// The holds that postings name, and the open ones of accounts that move, or of which a part does.
async fn load_holds(tx: &Tx, state: &mut State, postings: &[&Posting]) -> Result<(), Fault> {
    let (mut named, mut moving) = (BTreeMap::new(), BTreeSet::new());
    for posting in postings {
        let needs = posting.act.needs();
        if let Some(hold) = needs.hold {
            named.insert((posting.account.tenant, hold), &posting.account);
        }
        if needs.hands_over {
            moving.insert(posting.account.clone());
        }
    }
    for hold in hold::rows::holds(&**tx, &named.keys().copied().collect()).await? {
        // It has gone back to whom it was made by since it was found: the undo of a merge closes no account. One that has ended
        // stays where it was.
        let account = named.get(&(hold.account.tenant, hold.id));
        if hold.is_open() && account.is_some_and(|account| **account != hold.account) {
            return Err(Fault::Contended);
        }
        state.load_hold(hold);
    }
    for hold in hold::rows::open_holds(tx, &moving).await? {
        state.load_hold(hold);
    }
    Ok(())
}
