//! What a merge does.

use kernel::Exact;

use super::{check_sum, last, part_of, settle};
use crate::{AccountKey, Effects, Entry, EntryKind, Hold, Lot, LotAmount, LotKey, MemberId, Refusal, State};

/// Hands all that is not due over to the survivor, lot by lot, and closes the account. What is held goes along, with its
/// holds, and what is owed.
pub(super) fn hand_over(state: &mut State, from: &AccountKey, to: MemberId) -> Result<Effects, Refusal> {
    let survivor = AccountKey {
        member: to,
        ..from.clone()
    };
    assert!(
        state.account(from).is_complete(),
        "a move of an account whose lots are not all loaded"
    );
    let debt = state.account(from).debt;
    check_sum(state.account(&survivor).balance, state.account(from).balance)?;
    check_sum(state.account(&survivor).debt, debt)?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, from).into_iter().collect();
    let moved: Vec<LotKey> = state.account(from).live_lots().map(Lot::key).collect();
    if !moved.is_empty() || debt > 0 {
        let lots: Vec<Lot> = moved
            .into_iter()
            .map(|key| state.account_mut(from).give_away(key))
            .collect();
        let parts: Vec<LotAmount> = lots.iter().map(|lot| part_of(lot, lot.worth())).collect();
        let amount = parts.iter().fold(0_i64, |sum, part| sum.exact_add(part.amount));
        let taken = lots.iter().map(|lot| part_of(lot, lot.worth().exact_neg())).collect();
        let mut out = state.book(from, EntryKind::MoveOut, amount.exact_neg(), taken);
        out.counterpart = Some(to);
        out.debt = debt.exact_neg();
        state.account_mut(from).change_debt(out.debt);
        for lot in lots {
            state.account_mut(&survivor).take_in(lot);
        }
        let mut into = state.book(&survivor, EntryKind::MoveIn, amount, parts);
        into.counterpart = Some(from.member);
        into.debt = debt;
        state.account_mut(&survivor).change_debt(debt);
        entries.extend([out, into]);
    }
    let open: Vec<Hold> = state
        .holds()
        .filter(|hold| hold.account == *from && hold.is_open())
        .cloned()
        .collect();
    for hold in open {
        state.put_hold(Hold {
            account: survivor.clone(),
            ..hold
        });
    }
    state.account_mut(from).close(to, debt);
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
}
