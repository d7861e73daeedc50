mod frozen;

use kernel::Time;

use super::{
    Account, AccountKey, Act, Effects, Entry, EntryId, EntryKind, Extent, Lot, LotAmount, LotId, LotKey, MemberId,
    Part, Posting, Refusal, Reversible, State,
};

/// Decides one posting on locked accounts, and moves the state on. A refused posting leaves the state as it was.
///
/// Whatever spends is settled first: lots whose time has come expire by an entry of their own, so that they neither pay
/// nor count.
pub(crate) fn decide(state: &mut State, posting: &Posting) -> Result<Effects, Refusal> {
    frozen::check(state, posting)?;
    state.cost_centre.clone_from(&posting.cost_centre);
    let key = &posting.account;
    let mut effects = match posting.act {
        Act::Earn { amount, expire_time } => earn(state, key, amount, expire_time)?,
        Act::Redeem { amount } => redeem(state, key, amount)?,
        Act::Reverse { entry, extent } => reverse(state, key, entry, extent)?,
        Act::Expire { .. } => Effects {
            entries: settle(state, key).into_iter().collect(),
            ..Effects::default()
        },
        Act::Move { to } => hand_over(state, key, to)?,
    };
    if let Some(entry) = effects.entries.get_mut(effects.main) {
        entry.reference.clone_from(&posting.reference);
        entry.earned_by.clone_from(&posting.earned_by);
        let reversed = entry.reverses.and_then(|reversed| state.reversible(reversed));
        let centre = reversed.map_or(&posting.cost_centre, |reversed| &reversed.cost_centre);
        entry.cost_centre.clone_from(centre);
    }
    Ok(effects)
}

fn earn(state: &mut State, key: &AccountKey, amount: i64, expire_time: Option<Time>) -> Result<Effects, Refusal> {
    assert!(amount > 0, "an earn of {amount}");
    let account = state.account(key);
    let expire_time = expire_time.unwrap_or_else(|| account.asset.expire_time(state.now));
    if expire_time <= state.now {
        return Err(Refusal::ExpiryPassed { expire_time });
    }
    check_growth(account, amount)?;

    // Past this line nothing refuses.
    let id = state.entry_id();
    let part = grant(state, key, id, amount, expire_time);
    let mut entry = state.book_as(id, key, EntryKind::Earn, amount, vec![part]);
    entry.lot_expire_time = Some(expire_time);
    Ok(Effects {
        entries: vec![entry],
        ..Effects::default()
    })
}

fn redeem(state: &mut State, key: &AccountKey, amount: i64) -> Result<Effects, Refusal> {
    assert!(amount > 0, "a redemption of {amount}");
    let account = state.account(key);
    if !account.asset.kind.spendable() {
        return Err(Refusal::NotSpendable {
            asset: account.asset.code.clone(),
        });
    }
    let plan = first_expiring(account, state.now, amount, None);
    if sum(&plan) < amount {
        return Err(Refusal::Insufficient {
            available: account.spendable(state.now),
            requested: amount,
        });
    }

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, key).into_iter().collect();
    let lots = take(state, key, &plan);
    entries.push(state.book(key, EntryKind::Redeem, amount.saturating_neg(), lots));
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
}

fn reverse(state: &mut State, key: &AccountKey, entry: EntryId, extent: Extent) -> Result<Effects, Refusal> {
    let Some(reversible) = state.reversible(entry) else {
        panic!("entry {entry} was not loaded")
    };
    let kind = reversible.kind;
    if !matches!(kind, EntryKind::Earn | EntryKind::Redeem) {
        return Err(Refusal::NotReversible { entry, kind });
    }
    let left = reversible.left();
    let wanted = extent.amount(left, reversible.reversed);
    if wanted > left || wanted == 0 {
        return Err(Refusal::ExceedsEntry {
            reversible: left,
            requested: wanted,
        });
    }
    if kind == EntryKind::Redeem {
        give_back(state, key, entry, wanted)
    } else {
        take_back(state, key, entry, wanted)
    }
}

/// Reverses a spend: the lots that paid come back. For those that have expired since, either a new lot with the asset's
/// grace comes back, or they come back and expire at once, which keeps each lot's own sums whole.
fn give_back(state: &mut State, key: &AccountKey, entry: EntryId, wanted: i64) -> Result<Effects, Refusal> {
    let now = state.now;
    check_growth(state.account(key), wanted)?;
    let spread = reversible(state, entry).spread(wanted);
    let grace_end = state.asset(key).grace_end(now);

    // Past this line nothing refuses.
    reversible(state, entry).note(&spread);
    let id = state.entry_id();
    let (mut lots, mut regranted, mut expired) = (Vec::new(), 0_i64, 0_i64);
    for part in spread {
        let due = part.expire_time <= now;
        let regrants = due && grace_end.is_some();
        if regrants {
            regranted = regranted.saturating_add(part.amount);
        } else {
            state.account_mut(key).change(part.key(), part.amount);
        }
        if due && !regrants {
            expired = expired.saturating_add(part.amount);
        }
        lots.push(LotAmount {
            lot: part.lot,
            expire_time: part.expire_time,
            amount: part.amount,
            regranted: regrants,
        });
    }
    let grace_lot = grace_end.filter(|_| regranted > 0);
    if let Some(expire_time) = grace_lot {
        // One lot for all that comes back has one cost centre: that of the first of the lots that have expired.
        let mut expired = lots.iter().filter(|part| part.regranted);
        state.cost_centre = expired.find_map(|part| {
            state
                .account(key)
                .lot((part.expire_time, part.lot))?
                .cost_centre
                .clone()
        });
        grant(state, key, id, regranted, expire_time);
    }
    let mut reversal = state.book_as(id, key, EntryKind::RedeemReversal, wanted, lots);
    reversal.reverses = Some(entry);
    reversal.lot_expire_time = grace_lot;
    let entries = std::iter::once(reversal).chain(settle(state, key)).collect();
    Ok(Effects {
        entries,
        main: 0,
        missing: 0,
        expired,
        reversible: reversible(state, entry).left(),
    })
}

/// Reverses an earn within the balance: from its own lot first, since that is what should not have been there, then
/// from the lots that expire first.
fn take_back(state: &mut State, key: &AccountKey, entry: EntryId, wanted: i64) -> Result<Effects, Refusal> {
    let own = reversible(state, entry).parts.first().map(Part::key);
    let plan = first_expiring(state.account(key), state.now, wanted, own);
    let taken = sum(&plan);
    if taken == 0 {
        return Err(Refusal::Insufficient {
            available: 0,
            requested: wanted,
        });
    }

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, key).into_iter().collect();
    let lots = take(state, key, &plan);
    let mut reversal = state.book(key, EntryKind::EarnReversal, taken.saturating_neg(), lots);
    reversal.reverses = Some(entry);
    entries.push(reversal);
    reversible(state, entry).note_amount(taken);
    let left = reversible(state, entry).left();
    let missing = wanted.saturating_sub(taken);
    Ok(Effects {
        main: last(&entries),
        entries,
        missing,
        expired: 0,
        reversible: left,
    })
}

/// Hands all that is not due over to the survivor, lot by lot, and closes the account.
fn hand_over(state: &mut State, from: &AccountKey, to: MemberId) -> Result<Effects, Refusal> {
    let survivor = AccountKey {
        member: to,
        ..from.clone()
    };
    assert!(
        state.account(from).is_complete(),
        "a move of an account whose lots are not all loaded"
    );
    check_growth(state.account(&survivor), state.account(from).spendable(state.now))?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, from).into_iter().collect();
    let moved: Vec<LotKey> = state.account(from).open_lots().map(Lot::key).collect();
    if !moved.is_empty() {
        let lots: Vec<Lot> = moved
            .into_iter()
            .map(|key| state.account_mut(from).give_away(key))
            .collect();
        let parts: Vec<LotAmount> = lots.iter().map(|lot| part_of(lot, lot.remaining)).collect();
        let amount = parts.iter().fold(0_i64, |sum, part| sum.saturating_add(part.amount));
        let taken = lots
            .iter()
            .map(|lot| part_of(lot, lot.remaining.saturating_neg()))
            .collect();
        let mut out = state.book(from, EntryKind::MoveOut, amount.saturating_neg(), taken);
        out.counterpart = Some(to);
        for lot in lots {
            state.account_mut(&survivor).take_in(lot);
        }
        let mut into = state.book(&survivor, EntryKind::MoveIn, amount, parts);
        into.counterpart = Some(from.member);
        entries.extend([out, into]);
    }
    state.account_mut(from).close(to);
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
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
    Some(state.book(key, EntryKind::Expire, sum(&due).saturating_neg(), lots))
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
        left = left.saturating_sub(part);
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
            account.change(lot, amount.saturating_neg());
            let (expire_time, id) = lot;
            LotAmount {
                lot: id,
                expire_time,
                amount: amount.saturating_neg(),
                regranted: false,
            }
        })
        .collect()
}

/// Grants a new lot, which bears the number of its entry.
fn grant(state: &mut State, key: &AccountKey, entry: EntryId, amount: i64, expire_time: Time) -> LotAmount {
    let id = LotId::from_uuid(entry.uuid());
    let lot = Lot {
        id,
        expire_time,
        grant_time: state.now,
        granted: amount,
        remaining: amount,
        cost_centre: state.cost_centre.clone(),
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

fn check_growth(account: &Account, amount: i64) -> Result<(), Refusal> {
    let balance = account.balance;
    balance
        .checked_add(amount)
        .map(drop)
        .ok_or(Refusal::Overflow { balance, amount })
}

fn reversible(state: &mut State, entry: EntryId) -> &mut Reversible {
    let Some(reversible) = state.reversibles.get_mut(&entry) else {
        panic!("entry {entry} was not loaded")
    };
    reversible
}

fn sum(plan: &[(LotKey, i64)]) -> i64 {
    plan.iter().fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount))
}

fn last(entries: &[Entry]) -> usize {
    entries.len().saturating_sub(1)
}

#[cfg(test)]
mod tests;
