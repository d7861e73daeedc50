use crate::{AccountKey, Refusal, State};

/// Refuses a posting that touches a frozen account, on either side.
pub(super) fn check(state: &State, keys: &[&AccountKey]) -> Result<(), Refusal> {
    // The account that is posted to comes last, and is told first.
    for key in keys.iter().rev() {
        if let Some(frozen) = &state.account(key).frozen {
            return Err(Refusal::Frozen {
                asset: key.asset.clone(),
                frozen: frozen.clone(),
            });
        }
    }
    Ok(())
}
