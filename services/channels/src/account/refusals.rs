use contracts_channels::v1::ErrorReason;
use fault::Fault;

use super::ACCOUNTS_MAX;

/// That a tenant has as many accounts as it can have.
pub(crate) fn exhausted() -> Fault {
    let message = format!(
        "there are {ACCOUNTS_MAX} channel accounts, and there can be no more: disable and reuse those that are not needed"
    );
    Fault::refused(ErrorReason::ChannelAccountsExhausted, message).with("accounts_max", ACCOUNTS_MAX)
}
