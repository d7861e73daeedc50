//! Corrections by hand.

use kernel::Exact;

use super::{check_growth, grant, last, new_lot_expiry, plan_all, settle, take};
use crate::{
    AccountKey, Act, Adjustment, AdjustmentId, AdjustmentState, Availability, Correction, Effects, Entry, EntryKind,
    Posting, Refusal, State,
};

/// What an act comes to that is about an adjustment and posts nothing, because it has to wait for a second principal or is
/// rejected. The account is left alone: it may be frozen, and does not move by it.
pub(super) fn without_posting(state: &mut State, posting: &Posting) -> Result<Option<Effects>, Refusal> {
    let key = &posting.account;
    if let Act::Reject { adjustment, decider } = &posting.act {
        return reject(state, *adjustment, decider).map(Some);
    }
    if let Act::Adjust(correction) = &posting.act
        && !state.asset(key).is_adjusted_alone(correction.amount)
    {
        let adjustment = Adjustment::new(state.adjustment_id(), key.clone(), correction, state.now);
        return Ok(Some(put(state, adjustment)));
    }
    Ok(None)
}

/// Makes an adjustment that one principal makes alone.
pub(super) fn make(state: &mut State, key: &AccountKey, correction: &Correction) -> Result<Effects, Refusal> {
    let id = state.adjustment_id();
    let mut adjustment = Adjustment::new(id, key.clone(), correction, state.now);
    adjustment.state = AdjustmentState::Posted;
    adjustment.decide_time = Some(state.now);
    post(state, key, adjustment)
}

/// Posts an adjustment that waits, to the member whom its own has become by now.
pub(super) fn approve(
    state: &mut State,
    key: &AccountKey,
    id: AdjustmentId,
    decider: &str,
) -> Result<Effects, Refusal> {
    let mut adjustment = state.adjustment(id).clone();
    adjustment.decide(decider, AdjustmentState::Posted, state.now)?;
    adjustment.account = key.clone();
    post(state, key, adjustment)
}

pub(super) fn reject(state: &mut State, id: AdjustmentId, decider: &str) -> Result<Effects, Refusal> {
    let mut adjustment = state.adjustment(id).clone();
    adjustment.decide(decider, AdjustmentState::Rejected, state.now)?;
    Ok(put(state, adjustment))
}

/// Grants a new lot, or takes from the lots that expire first, whatever the asset is.
fn post(state: &mut State, key: &AccountKey, mut adjustment: Adjustment) -> Result<Effects, Refusal> {
    let amount = adjustment.amount;
    state.cost_centre.clone_from(&adjustment.cost_centre);
    assert!(amount != 0, "an adjustment of nothing");
    let mut entries: Vec<Entry> = Vec::new();
    let (lots, expire_time, id) = if amount > 0 {
        let expire_time = new_lot_expiry(state, key, None, Availability::AtOnce)?;
        check_growth(state.account(key), amount)?;

        // Past this line nothing refuses.
        let id = state.entry_id();
        (
            vec![grant(state, key, id, amount, expire_time, Availability::AtOnce)],
            Some(expire_time),
            id,
        )
    } else {
        let plan = plan_all(state, key, amount.exact_neg())?;

        // Past this line nothing refuses.
        entries.extend(settle(state, key));
        (take(state, key, &plan), None, state.entry_id())
    };
    let mut entry = state.book_as(id, key, EntryKind::Adjustment, amount, lots);
    entry.adjustment = Some(adjustment.id);
    entry.lot_expire_time = expire_time;
    entry.reference.clone_from(&adjustment.reason_code);
    entry.cost_centre.clone_from(&adjustment.cost_centre);
    adjustment.entry = Some(entry.id);
    entries.push(entry);
    Ok(Effects {
        main: last(&entries),
        entries,
        ..put(state, adjustment)
    })
}

fn put(state: &mut State, adjustment: Adjustment) -> Effects {
    state.put_adjustment(adjustment.clone());
    Effects {
        adjustment: Some(adjustment),
        ..Effects::default()
    }
}
