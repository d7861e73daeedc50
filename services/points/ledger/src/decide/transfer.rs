//! What members give to each other.

use std::collections::BTreeMap;

use kernel::{Exact, Time};

use super::{check_growth, last, part_of, payable, settle, take};
use crate::{AccountKey, CostCentre, Effects, Entry, EntryId, EntryKind, Lot, LotAmount, MemberId, Refusal, State};

/// Takes an amount from the lots that expire first, and grants it to another member in new lots that expire as they would
/// have: a lot itself cannot go over, because the rest of it stays.
pub(super) fn transfer(
    state: &mut State,
    from: &AccountKey,
    to: MemberId,
    amount: i64,
    reference: &str,
) -> Result<Effects, Refusal> {
    assert!(amount > 0, "a transfer of {amount}");
    let receiver = AccountKey {
        member: to,
        ..from.clone()
    };
    if receiver == *from {
        return Err(Refusal::TransferToSelf { member: to });
    }
    let asset = state.asset(from);
    if !asset.transferable() {
        return Err(Refusal::TransferForbidden {
            asset: asset.code.clone(),
        });
    }
    let plan = payable(state, from, amount)?;
    check_growth(state.account(&receiver), amount)?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, from).into_iter().collect();
    let taken = take(state, from, &plan);
    let mut out = state.book(from, EntryKind::TransferOut, amount.exact_neg(), taken.clone());
    out.counterpart = Some(to);
    entries.push(out);
    let main = last(&entries);
    let id = state.entry_id();
    let granted = grant_anew(state, from, &receiver, id, &taken);
    let mut into = state.book_as(id, &receiver, EntryKind::TransferIn, amount, granted);
    into.counterpart = Some(from.member);
    reference.clone_into(&mut into.reference);
    entries.push(into);
    Ok(Effects {
        entries,
        main,
        ..Effects::default()
    })
}

/// One new lot for each time at which some of what was taken expires, and each cost centre that bears it.
fn grant_anew(
    state: &mut State,
    from: &AccountKey,
    key: &AccountKey,
    entry: EntryId,
    taken: &[LotAmount],
) -> Vec<LotAmount> {
    let mut amounts: BTreeMap<(Time, Option<CostCentre>), i64> = BTreeMap::new();
    for part in taken {
        let lot = state.account(from).lot((part.expire_time, part.lot));
        let centre = lot.and_then(|lot| lot.cost_centre.clone());
        let amount = amounts.entry((part.expire_time, centre)).or_default();
        *amount = amount.exact_sub(part.amount);
    }
    let grant = |((expire_time, cost_centre), amount)| {
        let lot = Lot {
            id: state.lot_id(),
            entry,
            expire_time,
            grant_time: state.now,
            granted: amount,
            remaining: amount,
            cost_centre,
            held: 0,
            pending: 0,
            available_time: None,
        };
        let part = part_of(&lot, amount);
        state.account_mut(key).grant(lot);
        part
    };
    amounts.into_iter().map(grant).collect()
}
