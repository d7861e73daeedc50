use contracts_channels::v1::ErrorReason;
use fault::Fault;

use super::SUBSCRIPTIONS_MAX;

/// That a tenant has as many subscriptions as it can have.
pub(crate) fn exhausted() -> Fault {
    let message = format!(
        "there are {SUBSCRIPTIONS_MAX} webhook subscriptions, and there can be no more: delete those that are not needed"
    );
    Fault::refused(ErrorReason::WebhookSubscriptionsExhausted, message).with("subscriptions_max", SUBSCRIPTIONS_MAX)
}
