//! What the undo of a merge does.

use std::collections::BTreeSet;

use kernel::Exact;

use super::{check_sum, last, part_of, settle};
use crate::{
    AccountKey, Effects, Entry, EntryId, EntryKind, Hold, HoldId, Lot, LotAmount, LotId, LotKey, MemberId, Refusal,
    State,
};

/// Gives back to a member who is itself again what came with it and is still there, lot by lot, and opens its account.
///
/// What was spent since stays spent. The holds that the member had made go along with what they hold; what the survivor has
/// set aside since stays with it, as if it were spent: of a lot that is held in part, the part stays in a lot of its own.
/// Of a debt that came with the member, what is still owed goes back: repayments since count towards the survivor's own
/// debts last, and what has come to be owed since stays with the survivor.
pub(super) fn return_to(
    state: &mut State,
    survivor: &AccountKey,
    to: MemberId,
    members: &BTreeSet<MemberId>,
    lots: &BTreeSet<LotId>,
) -> Result<Effects, Refusal> {
    let restored = AccountKey {
        member: to,
        ..survivor.clone()
    };
    let debt = state.account(&restored).moved_debt.min(state.account(survivor).debt);
    check_sum(state.account(&restored).debt, debt)?;
    let worth = wanted(state, survivor, lots).fold(0_i64, |sum, lot| sum.exact_add(lot.worth()));
    check_sum(state.account(&restored).balance, worth)?;

    // Past this line nothing refuses.
    let mut entries: Vec<Entry> = settle(state, survivor).into_iter().collect();
    let out_id = state.entry_id();
    let parting = Parting::of(state, survivor, members, lots, out_id);
    let amount = parting.back.iter().fold(0_i64, |sum, lot| sum.exact_add(lot.worth()));
    if amount > 0 || debt > 0 {
        let kind = EntryKind::MoveOut;
        let mut out = state.book_as(out_id, survivor, kind, amount.exact_neg(), parting.taken);
        out.counterpart = Some(to);
        out.debt = debt.exact_neg();
        state.account_mut(survivor).change_debt(out.debt);
        let parts = parting.back.iter().map(|lot| part_of(lot, lot.worth())).collect();
        for lot in parting.back {
            state.account_mut(&restored).take_in(lot);
        }
        let mut into = state.book(&restored, EntryKind::MoveIn, amount, parts);
        into.counterpart = Some(survivor.member);
        into.debt = debt;
        state.account_mut(&restored).change_debt(debt);
        entries.extend([out, into]);
    }
    for hold in parting.holds {
        state.put_hold(Hold {
            account: restored.clone(),
            ..hold
        });
    }
    state.account_mut(&restored).reopen();
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
}

/// What is parted: it has left the survivor's account, and is not yet in the restored member's.
struct Parting {
    /// The lots that go back.
    back: Vec<Lot>,
    /// What was taken for that, and kept in lots of its own.
    taken: Vec<LotAmount>,
    /// The holds that go back.
    holds: Vec<Hold>,
}

impl Parting {
    fn of(
        state: &mut State,
        survivor: &AccountKey,
        members: &BTreeSet<MemberId>,
        lots: &BTreeSet<LotId>,
        out: EntryId,
    ) -> Self {
        let open = state.holds().filter(|hold| hold.account == *survivor && hold.is_open());
        let (holds, staying): (Vec<Hold>, Vec<Hold>) = open.cloned().partition(|hold| members.contains(&hold.maker));
        let mut parting = Self {
            back: Vec::new(),
            taken: Vec::new(),
            holds,
        };
        let keys: Vec<LotKey> = wanted(state, survivor, lots).map(Lot::key).collect();
        for key in keys {
            parting.part(state, survivor, key, &staying, out);
        }
        parting
    }

    /// Takes what goes back of one lot.
    fn part(&mut self, state: &mut State, survivor: &AccountKey, key: LotKey, staying: &[Hold], out: EntryId) {
        let (_, id) = key;
        let parts = staying
            .iter()
            .flat_map(|hold| &hold.parts)
            .filter(|part| part.lot == id);
        let kept = parts.fold(0_i64, |sum, part| sum.exact_add(part.amount));
        let worth = state.account(survivor).lot(key).map_or(0, Lot::worth);
        if kept >= worth {
            return;
        }
        let mut lot = state.account_mut(survivor).give_away(key);
        self.taken.push(part_of(&lot, worth.exact_neg()));
        if kept > 0 {
            let own = Lot {
                id: state.lot_id(),
                entry: out,
                granted: kept,
                remaining: 0,
                held: kept,
                ..lot.clone()
            };
            lot.held = lot.held.exact_sub(kept);
            assert!(lot.held >= 0, "lot {id}: holds hold {kept} of it, but less is held");
            let holds: Vec<HoldId> = staying
                .iter()
                .filter(|hold| hold.parts.iter().any(|part| part.lot == id))
                .map(|hold| hold.id)
                .collect();
            state.replace_in_holds(&holds, id, own.id);
            self.taken.push(part_of(&own, kept));
            state.account_mut(survivor).grant(own);
        }
        self.back.push(lot);
    }
}

/// Those of the lots that the account holds and that count for its balance.
fn wanted<'s>(state: &'s State, key: &AccountKey, lots: &'s BTreeSet<LotId>) -> impl Iterator<Item = &'s Lot> {
    state.account(key).live_lots().filter(|lot| lots.contains(&lot.id))
}
