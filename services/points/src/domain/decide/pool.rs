//! What members do together. They contribute by transfers, and what is left of a pool goes to its owner by a move.

use super::redeem as spend;
use crate::domain::{AccountKey, Effects, MemberId, Refusal, State, pool_of};

/// Spends from a pool's account, as a member would from its own, for one of its members.
pub(super) fn redeem(state: &mut State, key: &AccountKey, by: MemberId, amount: i64) -> Result<Effects, Refusal> {
    assert!(pool_of(key.member).is_some(), "{} is no pool", key.member);
    let mut effects = spend(state, key, amount)?;
    if let Some(entry) = effects.main.and_then(|main| effects.entries.get_mut(main)) {
        entry.acting = Some(by);
    }
    Ok(effects)
}
