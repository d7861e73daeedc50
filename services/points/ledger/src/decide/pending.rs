//! What was earned and waits to become available.

use kernel::Exact;

use super::reverse::reversible;
use super::{part_of, settle};
use crate::{
    AccountKey, ConfirmCause, Confirmed, Earns, Effects, Entry, EntryId, EntryKind, Lot, LotKey, Part, Refusal, State,
};

/// Makes pending earns available. It makes no entry, because they were in the balance before; only what is due by now, and
/// what repays a debt, does.
pub(super) fn confirm(
    state: &mut State,
    key: &AccountKey,
    earns: &Earns,
    cause: ConfirmCause,
) -> Result<Effects, Refusal> {
    let now = state.now;
    let lots = match (pending_lots(state, key, earns), cause) {
        (Ok(lots), ConfirmCause::Call) => lots,
        (Ok(lots), ConfirmCause::Time) => lots.into_iter().filter(|lot| lot.has_waited(now)).collect(),
        (Err(_), ConfirmCause::Time) => Vec::new(),
        (Err(refusal), ConfirmCause::Call) => return Err(refusal),
    };
    if lots.is_empty() {
        return Ok(Effects::default());
    }
    let due = lots.iter().filter(|lot| lot.is_due(now));
    let expired = due.fold(0_i64, |sum, lot| sum.exact_add(lot.pending));
    let lots: Vec<(LotKey, EntryId, i64)> = lots.iter().map(|lot| (lot.key(), lot.entry, lot.pending)).collect();

    // Past this line nothing refuses.
    let account = state.account_mut(key);
    for (lot, _, amount) in &lots {
        account.confirm(*lot, *amount);
    }
    let confirmed = lots.into_iter().map(|(_, entry, amount)| Confirmed {
        account: key.clone(),
        entry,
        amount,
        time: now,
    });
    Ok(Effects {
        confirmed: confirmed.collect(),
        entries: settle(state, key).into_iter().collect(),
        expired,
        ..Effects::default()
    })
}

/// Takes pending earns back, each by an entry of its own: all that is left of them.
pub(super) fn cancel(state: &mut State, key: &AccountKey, earns: &Earns, reference: &str) -> Result<Effects, Refusal> {
    let lots: Vec<Lot> = pending_lots(state, key, earns)?.into_iter().cloned().collect();

    // Past this line nothing refuses.
    let entries: Vec<Entry> = lots.iter().map(|lot| take_back(state, key, lot, reference)).collect();
    Ok(Effects {
        entries,
        main: Some(0),
        ..Effects::default()
    })
}

fn take_back(state: &mut State, key: &AccountKey, lot: &Lot, reference: &str) -> Entry {
    let taken = part_of(lot, lot.pending.exact_neg());
    state.account_mut(key).take_pending(lot.key(), lot.pending);
    let mut reversal = state.book(key, EntryKind::EarnReversal, taken.amount, vec![taken]);
    reversal.reverses = Some(lot.entry);
    reference.clone_into(&mut reversal.reference);
    let earn = reversible(state, lot.entry);
    earn.note_amount(lot.pending);
    reversal.cost_centre.clone_from(&earn.cost_centre);
    reversal
}

/// The lots of the earns that are meant, at least one, those that are pending.
fn pending_lots<'s>(state: &'s State, key: &AccountKey, earns: &Earns) -> Result<Vec<&'s Lot>, Refusal> {
    let meant = state.earns(key, earns).into_iter();
    let lots: Vec<&Lot> = meant.filter_map(|entry| pending_lot(state, key, entry)).collect();
    match earns {
        _ if !lots.is_empty() => Ok(lots),
        Earns::Entry(entry) => Err(Refusal::NotPending { entry: *entry }),
        Earns::Reference(reference) => Err(Refusal::NothingPending {
            reference: reference.clone(),
        }),
    }
}

/// An earn's own lot, if it is pending.
fn pending_lot<'s>(state: &'s State, key: &AccountKey, entry: EntryId) -> Option<&'s Lot> {
    let own: LotKey = state.reversible(entry)?.parts.first().map(Part::key)?;
    let lot = state.account(key).lot(own)?;
    (lot.pending > 0 && lot.entry == entry).then_some(lot)
}
