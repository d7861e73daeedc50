use crate::domain::{AccountKey, Act, Posting, Refusal, State};

/// Refuses a posting that touches a frozen account, on either side.
pub(super) fn check(state: &State, posting: &Posting) -> Result<(), Refusal> {
    let key = &posting.account;
    refuse_frozen(state, key)?;
    match posting.act {
        Act::Move { to } => refuse_frozen(
            state,
            &AccountKey {
                member: to,
                ..key.clone()
            },
        ),
        Act::Earn { .. } | Act::Redeem { .. } | Act::Reverse { .. } | Act::Expire { .. } => Ok(()),
    }
}

fn refuse_frozen(state: &State, key: &AccountKey) -> Result<(), Refusal> {
    match &state.account(key).frozen {
        None => Ok(()),
        Some(frozen) => Err(Refusal::Frozen {
            asset: key.asset.clone(),
            frozen: frozen.clone(),
        }),
    }
}
