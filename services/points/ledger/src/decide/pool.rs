//! What members do together. They contribute by transfers, and what is left of a pool goes to its owner by a move.

use std::time::Duration;

use super::{hold as holds, redeem as spend};
use crate::{AccountKey, Effects, MemberId, Refusal, State, pool_of};

/// Spends from a pool's account, as a member would from its own, for one of its members.
pub(super) fn redeem(state: &mut State, key: &AccountKey, by: MemberId, amount: i64) -> Result<Effects, Refusal> {
    assert!(pool_of(key.member).is_some(), "{} is no pool", key.member);
    let mut effects = spend(state, key, amount)?;
    if let Some(entry) = effects.main.and_then(|main| effects.entries.get_mut(main)) {
        entry.acting = Some(by);
    }
    Ok(effects)
}

/// Sets an amount of a pool's account aside for one of its members, who is told of it, and of what is spent of it.
pub(super) fn hold(
    state: &mut State,
    key: &AccountKey,
    by: MemberId,
    amount: i64,
    ttl: Duration,
    reference: &str,
) -> Result<Effects, Refusal> {
    assert!(pool_of(key.member).is_some(), "{} is no pool", key.member);
    let mut effects = holds::hold(state, key, amount, ttl, reference)?;
    if let Some(hold) = &mut effects.hold {
        hold.acting = Some(by);
        state.put_hold(hold.clone());
    }
    Ok(effects)
}
