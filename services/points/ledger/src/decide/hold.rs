//! Setting amounts aside, and what becomes of them.

use std::time::Duration;

use kernel::Exact;

use super::{payable, settle, sum};
use crate::{
    AccountKey, Effects, Entry, EntryKind, HeldPart, Hold, HoldId, HoldState, LotAmount, Refusal, ReleaseCause, State,
};

/// Sets an amount aside from the lots that expire first.
pub(super) fn hold(
    state: &mut State,
    key: &AccountKey,
    amount: i64,
    ttl: Duration,
    reference: &str,
) -> Result<Effects, Refusal> {
    assert!(amount > 0, "a hold of {amount}");
    let plan = payable(state, key, amount)?;

    // Past this line nothing refuses.
    let entries: Vec<Entry> = settle(state, key).into_iter().collect();
    let account = state.account_mut(key);
    for (lot, part) in &plan {
        account.set_aside(*lot, *part);
    }
    let parts = plan.iter().map(|&((expire_time, lot), amount)| HeldPart {
        lot,
        expire_time,
        amount,
    });
    let hold = Hold {
        id: state.hold_id(),
        account: key.clone(),
        maker: key.member,
        acting: None,
        amount: sum(&plan),
        state: HoldState::Held,
        parts: parts.collect(),
        captured: 0,
        entry: None,
        reference: reference.to_owned(),
        cost_centre: state.cost_centre.clone(),
        create_time: state.now,
        expire_time: state.now.plus(ttl),
        end_time: None,
    };
    state.put_hold(hold.clone());
    Ok(of_hold(entries, hold))
}

/// Spends a hold, or its part that expires first; the rest is given back, and expires where its time has come.
pub(super) fn capture(
    state: &mut State,
    key: &AccountKey,
    id: HoldId,
    amount: Option<i64>,
    reference: &str,
) -> Result<Effects, Refusal> {
    let hold = open_hold(state, id)?;
    let amount = amount.unwrap_or(hold.amount);
    if amount > hold.amount {
        return Err(Refusal::ExceedsHold {
            hold: id,
            held: hold.amount,
            requested: amount,
        });
    }

    // Past this line nothing refuses.
    let mut hold = hold.clone();
    let (paying, rest) = hold.split(amount);
    let account = state.account_mut(key);
    for part in &paying {
        account.spend_held(part.key(), part.amount);
    }
    let lots = paying.iter().map(|part| LotAmount {
        lot: part.lot,
        expire_time: part.expire_time,
        amount: part.amount.exact_neg(),
        regranted: false,
    });
    let mut entry = state.book(key, EntryKind::Redeem, amount.exact_neg(), lots.collect());
    entry.hold = Some(id);
    entry.acting = hold.acting;
    entry.cost_centre = state.cost_centre.clone().or_else(|| hold.cost_centre.clone());
    if reference.is_empty() {
        entry.reference.clone_from(&hold.reference);
    }
    hold.captured = amount;
    hold.entry = Some(entry.id);
    hold.end(HoldState::Captured, state.now);
    let mut effects = give_back(state, key, &rest, hold);
    effects.entries.insert(0, entry);
    effects.main = Some(0);
    Ok(effects)
}

/// Gives a hold back to its lots.
pub(super) fn release(
    state: &mut State,
    key: &AccountKey,
    id: HoldId,
    cause: ReleaseCause,
) -> Result<Effects, Refusal> {
    let (mut hold, end) = match cause {
        ReleaseCause::Call => (open_hold(state, id)?.clone(), HoldState::Released),
        ReleaseCause::Deadline => (state.hold(id).clone(), HoldState::Expired),
    };
    if cause == ReleaseCause::Deadline && (!hold.is_open() || hold.expire_time > state.now) {
        return Ok(Effects::default());
    }

    // Past this line nothing refuses.
    hold.end(end, state.now);
    let parts = hold.parts.clone();
    Ok(give_back(state, key, &parts, hold))
}

/// A hold that was loaded and can still be captured or released.
fn open_hold(state: &State, id: HoldId) -> Result<&Hold, Refusal> {
    let hold = state.hold(id);
    match hold.state_at(state.now) {
        HoldState::Held => Ok(hold),
        ended @ (HoldState::Captured | HoldState::Released | HoldState::Expired) => {
            Err(Refusal::HoldNotOpen { hold: id, state: ended })
        }
    }
}

/// Gives parts of a hold that has ended back to their lots. Those whose time has come expire at once.
fn give_back(state: &mut State, key: &AccountKey, parts: &[HeldPart], hold: Hold) -> Effects {
    let now = state.now;
    let account = state.account_mut(key);
    for part in parts {
        account.put_back(part.key(), part.amount);
    }
    let due = parts.iter().filter(|part| part.expire_time <= now);
    let expired = due.fold(0_i64, |sum, part| sum.exact_add(part.amount));
    let entries = settle(state, key).into_iter().collect();
    state.put_hold(hold.clone());
    Effects {
        expired,
        ..of_hold(entries, hold)
    }
}

/// The effects on a hold, beside which only what was due has made entries.
fn of_hold(entries: Vec<Entry>, hold: Hold) -> Effects {
    Effects {
        entries,
        main: None,
        hold: Some(hold),
        ..Effects::default()
    }
}
