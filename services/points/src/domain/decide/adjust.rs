//! Corrections by hand.

use super::{check_growth, grant, last, new_lot_expiry, plan_all, settle, take};
use crate::domain::{AccountKey, AdjustmentId, Availability, Effects, Entry, EntryKind, Refusal, State};

/// Grants a new lot, or takes from the lots that expire first, whatever the asset is.
pub(super) fn adjust(
    state: &mut State,
    key: &AccountKey,
    adjustment: AdjustmentId,
    amount: i64,
) -> Result<Effects, Refusal> {
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
        let plan = plan_all(state, key, amount.saturating_neg())?;

        // Past this line nothing refuses.
        entries.extend(settle(state, key));
        (take(state, key, &plan), None, state.entry_id())
    };
    let mut entry = state.book_as(id, key, EntryKind::Adjustment, amount, lots);
    entry.adjustment = Some(adjustment);
    entry.lot_expire_time = expire_time;
    entries.push(entry);
    Ok(Effects {
        main: last(&entries),
        entries,
        ..Effects::default()
    })
}
