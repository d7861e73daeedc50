mod adjust;
mod debt;
mod frozen;
mod hand_over;
mod hold;
mod idle;
mod pending;
mod pool;
mod return_to;
mod reverse;
mod transfer;

use kernel::{Exact, Time, exact_sum};

use super::{
    Account, AccountKey, Act, Availability, BALANCE_MAX, Effects, Entry, EntryId, EntryKind, Lot, LotAmount, LotId,
    LotKey, Posting, Refusal, State,
};

/// Decides one posting on locked accounts, and moves the state on. A refused posting leaves the state as it was.
///
/// Whatever spends is settled first: lots whose time has come expire by an entry of their own, so that they neither pay
/// nor count. Whatever becomes available repays what is owed, by an entry of its own as well.
pub fn decide(state: &mut State, posting: &Posting) -> Result<Effects, Refusal> {
    if let Some(effects) = adjust::without_posting(state, posting)? {
        return Ok(effects);
    }
    let receiver = receiver(posting);
    let keys: Vec<&AccountKey> = receiver.iter().chain([&posting.account]).collect();
    frozen::check(state, &keys)?;
    state.cost_centre.clone_from(&posting.cost_centre);
    let expired = idle::expire(state, &keys);
    let mut effects = match act(state, posting) {
        Ok(effects) => effects,
        Err(refusal) => {
            expired.undo(state);
            return Err(refusal);
        }
    };
    expired.join(&mut effects);
    for key in &keys {
        effects.entries.extend(debt::repay(state, key));
    }
    idle::touch(state, &posting.act, &keys);
    if let Some(entry) = effects.main.and_then(|main| effects.entries.get_mut(main)) {
        if entry.reference.is_empty() {
            entry.reference.clone_from(&posting.reference);
        }
        entry.earned_by.clone_from(&posting.earned_by);
        if entry.cost_centre.is_none() {
            let reversed = entry.reverses.and_then(|reversed| state.reversible(reversed));
            let centre = reversed.map_or(&posting.cost_centre, |reversed| &reversed.cost_centre);
            entry.cost_centre.clone_from(centre);
        }
    }
    if let Some(earn) = effects.entry().filter(|_| effects.pending) {
        state.note_waiting(earn);
    }
    Ok(effects)
}

/// What was asked for, on accounts that are not idle.
fn act(state: &mut State, posting: &Posting) -> Result<Effects, Refusal> {
    let key = &posting.account;
    Ok(match &posting.act {
        Act::Return { to, members, lots } => return_to::return_to(state, key, *to, members, lots)?,
        Act::Earn {
            amount,
            expire_time,
            availability,
        } => earn(state, key, *amount, *expire_time, *availability)?,
        Act::Confirm { earns, cause } => pending::confirm(state, key, earns, *cause)?,
        Act::Cancel { earns } => pending::cancel(state, key, earns, &posting.reference)?,
        Act::Redeem { amount } => redeem(state, key, *amount)?,
        Act::RedeemPool { by, amount } => pool::redeem(state, key, *by, *amount)?,
        Act::HoldPool { by, amount, ttl } => pool::hold(state, key, *by, *amount, *ttl, &posting.reference)?,
        Act::Reverse { entry, extent } => reverse::reverse(state, key, *entry, *extent)?,
        Act::Hold { amount, ttl } => hold::hold(state, key, *amount, *ttl, &posting.reference)?,
        Act::Capture { hold, amount } => hold::capture(state, key, *hold, *amount, &posting.reference)?,
        Act::Release { hold, cause } => hold::release(state, key, *hold, *cause)?,
        Act::Transfer { to, amount } => transfer::transfer(state, key, *to, *amount, &posting.reference)?,
        Act::Adjust(correction) => adjust::make(state, key, correction)?,
        Act::Approve { adjustment, decider } => adjust::approve(state, key, *adjustment, decider)?,
        Act::Reject { adjustment, decider } => adjust::reject(state, *adjustment, decider)?,
        Act::Expire { .. } => Effects {
            entries: settle(state, key).into_iter().collect(),
            ..Effects::default()
        },
        Act::Move { to } => hand_over::hand_over(state, key, *to)?,
    })
}

/// The other account of a posting that is about two.
pub fn receiver(posting: &Posting) -> Option<AccountKey> {
    posting.act.needs().receiver.map(|member| AccountKey {
        member,
        ..posting.account.clone()
    })
}

fn earn(
    state: &mut State,
    key: &AccountKey,
    amount: i64,
    expire_time: Option<Time>,
    availability: Availability,
) -> Result<Effects, Refusal> {
    assert!(amount > 0, "an earn of {amount}");
    let availability = availability.at(state.now);
    let expire_time = new_lot_expiry(state, key, expire_time, availability)?;
    check_growth(state.account(key), amount)?;

    // Past this line nothing refuses.
    let id = state.entry_id();
    let part = grant(state, key, id, amount, expire_time, availability);
    let mut entry = state.book_as(id, key, EntryKind::Earn, amount, vec![part]);
    entry.lot_expire_time = Some(expire_time);
    Ok(Effects {
        entries: vec![entry],
        main: Some(0),
        pending: availability != Availability::AtOnce,
        ..Effects::default()
    })
}

/// When a lot that is granted now expires: at the given time, or as the asset's policy says of the moment at which it
/// becomes available.
fn new_lot_expiry(
    state: &State,
    key: &AccountKey,
    given: Option<Time>,
    availability: Availability,
) -> Result<Time, Refusal> {
    let begin = availability.time().unwrap_or(state.now);
    let asset = &state.account(key).asset;
    let Some(expire_time) = given.or_else(|| asset.expire_time(begin)) else {
        return Err(Refusal::ExpiryBeyondCalendar {
            asset: asset.code.clone(),
            available_time: availability.time(),
        });
    };
    if expire_time <= begin {
        return Err(Refusal::ExpiryPassed {
            expire_time,
            is_given: given.is_some(),
        });
    }
    Ok(expire_time)
}

fn redeem(state: &mut State, key: &AccountKey, amount: i64) -> Result<Effects, Refusal> {
    assert!(amount > 0, "a redemption of {amount}");
    let plan = payable(state, key, amount)?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, key).into_iter().collect();
    let lots = take(state, key, &plan);
    entries.push(state.book(key, EntryKind::Redeem, amount.exact_neg(), lots));
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
}

/// Which lots pay for something that the member wants, or why they do not.
fn payable(state: &State, key: &AccountKey, amount: i64) -> Result<Vec<(LotKey, i64)>, Refusal> {
    let account = state.account(key);
    if !account.asset.kind.spendable() {
        return Err(Refusal::NotSpendable {
            asset: account.asset.code.clone(),
        });
    }
    plan_all(state, key, amount)
}

/// Which lots make up an amount, or why they do not.
fn plan_all(state: &State, key: &AccountKey, amount: i64) -> Result<Vec<(LotKey, i64)>, Refusal> {
    let account = state.account(key);
    let plan = first_expiring(account, state.now, amount, None);
    if sum(&plan) < amount {
        return Err(Refusal::Insufficient {
            available: account.spendable(state.now),
            requested: amount,
        });
    }
    Ok(plan)
}

/// Expires the loaded lots whose time has come, in one entry.
fn settle(state: &mut State, key: &AccountKey) -> Option<Entry> {
    let now = state.now;
    let due: Vec<(LotKey, i64)> = state
        .account(key)
        .open_lots()
        .take_while(|lot| lot.is_due(now))
        .map(|lot| (lot.key(), lot.remaining))
        .collect();
    if due.is_empty() {
        return None;
    }
    let lots = take(state, key, &due);
    Some(state.book(key, EntryKind::Expire, sum(&due).exact_neg(), lots))
}

/// Which lots pay `amount`, or as much of it as there is: `own` first where it is given, then those that expire first.
fn first_expiring(account: &Account, now: Time, amount: i64, own: Option<LotKey>) -> Vec<(LotKey, i64)> {
    let own_lot = own.and_then(|key| account.lot(key)).filter(|lot| lot.is_open());
    let others = account.open_lots().filter(|lot| Some(lot.key()) != own);
    let mut left = amount;
    let mut plan = Vec::new();
    for lot in own_lot.into_iter().chain(others).filter(|lot| !lot.is_due(now)) {
        if left == 0 {
            break;
        }
        let part = left.min(lot.remaining);
        left = left.exact_sub(part);
        plan.push((lot.key(), part));
    }
    assert!(
        left == 0 || account.is_complete(),
        "a spend on lots that are not all loaded"
    );
    plan
}

fn take(state: &mut State, key: &AccountKey, plan: &[(LotKey, i64)]) -> Vec<LotAmount> {
    let account = state.account_mut(key);
    plan.iter()
        .map(|&(lot, amount)| {
            account.change(lot, amount.exact_neg());
            let (expire_time, id) = lot;
            LotAmount {
                lot: id,
                expire_time,
                amount: amount.exact_neg(),
                regranted: false,
            }
        })
        .collect()
}

/// Grants a new lot, which bears the number of its entry.
fn grant(
    state: &mut State,
    key: &AccountKey,
    entry: EntryId,
    amount: i64,
    expire_time: Time,
    availability: Availability,
) -> LotAmount {
    let waits = availability != Availability::AtOnce;
    let lot = Lot {
        id: LotId::from_uuid(entry.uuid()),
        entry,
        expire_time,
        grant_time: state.now,
        granted: amount,
        remaining: if waits { 0 } else { amount },
        cost_centre: state.cost_centre.clone(),
        held: 0,
        pending: if waits { amount } else { 0 },
        available_time: availability.time(),
    };
    let part = part_of(&lot, amount);
    state.account_mut(key).grant(lot);
    part
}

fn part_of(lot: &Lot, amount: i64) -> LotAmount {
    LotAmount {
        lot: lot.id,
        expire_time: lot.expire_time,
        amount,
        regranted: false,
    }
}

/// An account can be granted so much more, within what it is to hold.
fn check_growth(account: &Account, amount: i64) -> Result<(), Refusal> {
    match account.balance.checked_add(amount) {
        Some(sum) if sum <= BALANCE_MAX => Ok(()),
        Some(_) | None => Err(Refusal::Overflow {
            balance: account.balance,
            amount,
        }),
    }
}

/// A sum of an account can grow by what was there before: with another member, or before it was spent. That is not refused
/// for being much, as a grant is, but where it cannot be counted.
fn check_sum(balance: i64, amount: i64) -> Result<(), Refusal> {
    balance
        .checked_add(amount)
        .map(drop)
        .ok_or(Refusal::Overflow { balance, amount })
}

fn sum(plan: &[(LotKey, i64)]) -> i64 {
    exact_sum(plan.iter().map(|(_, amount)| *amount))
}

fn last(entries: &[Entry]) -> Option<usize> {
    entries.len().checked_sub(1)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod pool_model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod undone;
