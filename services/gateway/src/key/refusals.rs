use contracts_gateway::v1::ErrorReason;
use fault::Fault;

/// Refuses to give scopes that the caller does not hold.
pub(crate) fn refuse_not_held(scopes: &[&str]) -> Result<(), Fault> {
    if scopes.is_empty() {
        return Ok(());
    }
    let scopes = scopes.join(",");
    let message = format!("a key gives no more than its maker holds, and the caller lacks {scopes}");
    Err(Fault::refused(ErrorReason::ScopeNotHeld, message).with("scopes", scopes))
}
