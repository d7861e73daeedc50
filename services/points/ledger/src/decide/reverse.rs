//! Taking entries back.

use kernel::Exact;

use super::{check_sum, debt, grant, settle};
use crate::{AccountKey, Availability, Effects, EntryId, EntryKind, Extent, LotAmount, Refusal, Reversible, State};

pub(super) fn reverse(state: &mut State, key: &AccountKey, entry: EntryId, extent: Extent) -> Result<Effects, Refusal> {
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
        debt::take_back(state, key, entry, wanted)
    }
}

/// Reverses a spend: the lots that paid come back. For those that have expired since, either a new lot with the asset's
/// grace comes back, or they come back and expire at once, which keeps each lot's own sums whole.
///
/// A lot may have gone back to another member by the undo of a merge. What was spent of it was spent by this one, so it
/// comes back to this one, in a new lot that expires as the old one would have. There is one new lot for all that needs one:
/// it lives as long as any part of it may.
fn give_back(state: &mut State, key: &AccountKey, entry: EntryId, wanted: i64) -> Result<Effects, Refusal> {
    let now = state.now;
    check_sum(state.account(key).balance, wanted)?;
    let spread = reversible(state, entry).spread(wanted);
    let grace_end = state.asset(key).grace_end(now);

    // Past this line nothing refuses.
    reversible(state, entry).note(&spread);
    let id = state.entry_id();
    let (mut lots, mut regranted, mut expired, mut new_expiry) = (Vec::new(), 0_i64, 0_i64, None);
    for part in spread {
        let due = part.expire_time <= now;
        let elsewhere = state.account(key).lot(part.key()).is_none();
        let expiry = grace_end
            .filter(|_| due)
            .or_else(|| elsewhere.then_some(part.expire_time));
        let regrants = expiry.is_some();
        new_expiry = new_expiry.max(expiry);
        if regrants {
            regranted = regranted.exact_add(part.amount);
        } else {
            state.account_mut(key).change(part.key(), part.amount);
        }
        if due && grace_end.is_none() {
            expired = expired.exact_add(part.amount);
        }
        lots.push(LotAmount {
            lot: part.lot,
            expire_time: part.expire_time,
            amount: part.amount,
            regranted: regrants,
        });
    }
    // What is due expires at once, unless something with it in the one new lot lives on.
    if new_expiry.is_some_and(|expiry| expiry > now) && grace_end.is_none() {
        let in_new = lots
            .iter()
            .filter(|part: &&LotAmount| part.regranted && part.expire_time <= now);
        expired = in_new.fold(expired, |sum, part| sum.exact_sub(part.amount));
    }
    if let Some(expire_time) = new_expiry {
        // One lot for all that comes back has one cost centre: that of the first of the lots in whose place it comes.
        let mut replaced = lots.iter().filter(|part| part.regranted);
        state.cost_centre = replaced.find_map(|part| {
            let here = state.account(key).lot((part.expire_time, part.lot));
            here.or_else(|| state.elsewhere(part.lot))?.cost_centre.clone()
        });
        grant(state, key, id, regranted, expire_time, Availability::AtOnce);
    }
    let mut reversal = state.book_as(id, key, EntryKind::RedeemReversal, wanted, lots);
    reversal.reverses = Some(entry);
    reversal.lot_expire_time = new_expiry;
    let entries = std::iter::once(reversal).chain(settle(state, key)).collect();
    Ok(Effects {
        entries,
        main: Some(0),
        expired,
        reversible: reversible(state, entry).left(),
        ..Effects::default()
    })
}

/// An entry that was loaded to be reversed.
pub(super) fn reversible(state: &mut State, entry: EntryId) -> &mut Reversible {
    let Some(reversible) = state.reversibles.get_mut(&entry) else {
        panic!("entry {entry} was not loaded")
    };
    reversible
}
