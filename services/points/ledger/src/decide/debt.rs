//! What is owed: how a debt begins with an earn that is taken back too late, and how it is repaid.

use kernel::Exact;

use super::reverse::reversible;
use super::{check_sum, first_expiring, last, settle, sum, take};
use crate::{AccountKey, ClawbackPolicy, Effects, Entry, EntryId, EntryKind, LotAmount, LotKey, Part, Refusal, State};

/// Reverses an earn: from its own lot first, pending or not, since that is what should not have been there, then from the lots that
/// expire first. What they do not reach is missing, or owed, as the asset's policy says. What is held is not taken: it
/// was promised to somebody else.
pub(super) fn take_back(state: &mut State, key: &AccountKey, entry: EntryId, wanted: i64) -> Result<Effects, Refusal> {
    let own = reversible(state, entry).parts.first().map(Part::key);
    let account = state.account(key);
    let policy = account.asset.clawback;
    if policy == ClawbackPolicy::None {
        return Err(Refusal::ClawbackForbidden {
            asset: account.asset.code.clone(),
        });
    }
    let waiting = own
        .and_then(|own| account.lot(own))
        .map_or(0, |lot| lot.pending.min(wanted));
    let plan = first_expiring(account, state.now, wanted.exact_sub(waiting), own);
    let taken = sum(&plan).exact_add(waiting);
    let rest = wanted.exact_sub(taken);
    let owed = if policy == ClawbackPolicy::Debt { rest } else { 0 };
    if taken == 0 && owed == 0 {
        return Err(Refusal::Insufficient {
            available: 0,
            requested: wanted,
        });
    }
    check_sum(account.debt, owed)?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, key).into_iter().collect();
    let mut lots = take(state, key, &plan);
    if let Some((expire_time, lot)) = own.filter(|_| waiting > 0) {
        state.account_mut(key).take_pending((expire_time, lot), waiting);
        lots.push(LotAmount {
            lot,
            expire_time,
            amount: waiting.exact_neg(),
            regranted: false,
        });
    }
    let mut reversal = state.book(key, EntryKind::EarnReversal, taken.exact_neg(), lots);
    reversal.reverses = Some(entry);
    reversal.debt = owed;
    state.account_mut(key).change_debt(owed);
    entries.push(reversal);
    reversible(state, entry).note_amount(taken.exact_add(owed));
    Ok(Effects {
        main: last(&entries),
        entries,
        missing: rest.exact_sub(owed),
        reversible: reversible(state, entry).left(),
        ..Effects::default()
    })
}

/// Repays what an account owes out of what is available to it.
///
/// A member who owes has nothing available, so what is available now has only just become so, whatever it was by, and all of it
/// is loaded. Were this left to the next earn alone, a debt could be outlived by holding points, or by buying something and
/// giving it back.
pub(super) fn repay(state: &mut State, key: &AccountKey) -> Option<Entry> {
    let (now, account) = (state.now, state.account(key));
    let mut left = account.debt;
    let mut plan: Vec<(LotKey, i64)> = Vec::new();
    for lot in account.open_lots().filter(|lot| !lot.is_due(now)) {
        let part = left.min(lot.remaining);
        left = left.exact_sub(part);
        if part > 0 {
            plan.push((lot.key(), part));
        }
    }
    if plan.is_empty() {
        return None;
    }
    let repaid = sum(&plan).exact_neg();
    let lots = take(state, key, &plan);
    let mut entry = state.book(key, EntryKind::DebtRepayment, repaid, lots);
    entry.debt = repaid;
    state.account_mut(key).change_debt(repaid);
    Some(entry)
}
