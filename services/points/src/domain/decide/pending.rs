//! What was earned and waits to become available.

use super::reverse::reversible;
use super::{part_of, settle};
use crate::domain::{
    AccountKey, ConfirmCause, Confirmed, Effects, EntryId, EntryKind, Lot, LotKey, Part, Refusal, State,
};

/// Makes a pending earn available. It makes no entry, because it was in the balance before; only what is due by now, and
/// what repays a debt, does.
pub(super) fn confirm(
    state: &mut State,
    key: &AccountKey,
    entry: EntryId,
    cause: ConfirmCause,
) -> Result<Effects, Refusal> {
    let now = state.now;
    let lot = match (pending_lot(state, key, entry), cause) {
        (Some(lot), ConfirmCause::Call) => lot,
        (Some(lot), ConfirmCause::Time) if lot.available_time.is_some_and(|time| time <= now) => lot,
        (None | Some(_), ConfirmCause::Time) => return Ok(Effects::default()),
        (None, ConfirmCause::Call) => return Err(Refusal::NotPending { entry }),
    };

    // Past this line nothing refuses.
    let (lot_key, amount) = (lot.key(), lot.pending);
    let expired = if lot.is_due(now) { amount } else { 0 };
    state.account_mut(key).confirm(lot_key, amount);
    Ok(Effects {
        entries: settle(state, key).into_iter().collect(),
        confirmed: Some(Confirmed {
            account: key.clone(),
            entry,
            amount,
            time: now,
        }),
        expired,
        ..Effects::default()
    })
}

/// Takes a pending earn back: all of it that is left.
pub(super) fn cancel(state: &mut State, key: &AccountKey, entry: EntryId) -> Result<Effects, Refusal> {
    let lot = pending_lot(state, key, entry).ok_or(Refusal::NotPending { entry })?;

    // Past this line nothing refuses.
    let (lot_key, amount) = (lot.key(), lot.pending);
    let part = part_of(lot, amount.saturating_neg());
    state.account_mut(key).take_pending(lot_key, amount);
    let mut reversal = state.book(key, EntryKind::EarnReversal, amount.saturating_neg(), vec![part]);
    reversal.reverses = Some(entry);
    reversible(state, entry).note_amount(amount);
    Ok(Effects {
        entries: vec![reversal],
        main: Some(0),
        ..Effects::default()
    })
}

/// An earn's own lot, if it is pending.
fn pending_lot<'s>(state: &'s State, key: &AccountKey, entry: EntryId) -> Option<&'s Lot> {
    let own: LotKey = state.reversible(entry)?.parts.first().map(Part::key)?;
    let lot = state.account(key).lot(own)?;
    (lot.pending > 0 && lot.entry == entry).then_some(lot)
}
