use contracts_channels::v1 as wire;
use fault::{Fault, Violations};
use kernel::{Id, Time};

use super::{DisableReason, KeptSecret, State, Subscription, Webhook, target};
use crate::fact;

/// The id that a request names; one that is none is of no subscription.
pub(crate) fn subscription_id(text: &str) -> Result<Id<Webhook>, Fault> {
    text.parse().map_err(|_| not_found(text))
}

pub(crate) fn not_found(id: impl ToString) -> Fault {
    Fault::not_found("webhook subscription", id)
}

/// A subscription as the contract shows it.
pub(crate) fn subscription(subscription: &Subscription, secrets: &[KeptSecret]) -> wire::WebhookSubscription {
    let disabled = match subscription.state {
        State::Active => None,
        State::Disabled { why, since } => Some((why, since)),
    };
    let state = disabled.map_or(wire::WebhookState::Active, |_| wire::WebhookState::Disabled);
    let reason = disabled.map(|(why, _)| disable_reason(why));
    wire::WebhookSubscription {
        subscription_id: subscription.id.to_string(),
        display_name: subscription.display_name.clone(),
        target_url: subscription.target_url.clone(),
        fact_types: subscription.fact_types.clone(),
        filter: subscription.filter.clone(),
        state: state.into(),
        disable_reason: reason.unwrap_or_default().into(),
        disable_time: disabled.map(|(_, since)| since.to_wire()),
        secrets: secrets.iter().map(secret).collect(),
        etag: subscription.etag(),
        create_time: Some(subscription.create_time.to_wire()),
        update_time: Some(subscription.update_time.to_wire()),
    }
}

fn secret(secret: &KeptSecret) -> wire::WebhookSecret {
    wire::WebhookSecret {
        prefix: secret.prefix.clone(),
        create_time: Some(secret.create_time.to_wire()),
        expire_time: secret.expire_time.map(Time::to_wire),
    }
}

pub(crate) fn disable_reason(why: DisableReason) -> wire::WebhookDisableReason {
    match why {
        DisableReason::ByHand => wire::WebhookDisableReason::ByHand,
        DisableReason::Gone => wire::WebhookDisableReason::Gone,
        DisableReason::Unreachable => wire::WebhookDisableReason::Unreachable,
    }
}

pub(crate) fn check_display_name(violations: &mut Violations, name: &str) {
    violations.check(!name.is_empty(), "subscription.display_name", "must not be empty");
}

/// The target in its one form.
pub(crate) fn parse_target(violations: &mut Violations, text: &str) -> Option<String> {
    let target = violations.parse("subscription.target_url", target::parse(text));
    target.map(|target| target.to_string())
}

pub(crate) fn check_types(violations: &mut Violations, fact_types: &[String]) {
    violations.check(
        !fact_types.is_empty(),
        "subscription.fact_types",
        "must name a fact at least",
    );
    fact::check_types(violations, "subscription.fact_types", fact_types);
}

/// That a filter is right for each of the types that are known.
pub(crate) fn check_filter(violations: &mut Violations, filter: &str, fact_types: &[String]) {
    fact::check_filter(violations, "subscription.filter", filter, fact_types);
}

/// Whether a state that somebody sets means that facts are sent.
pub(crate) fn is_active(state: wire::WebhookState) -> bool {
    match state {
        wire::WebhookState::Unspecified | wire::WebhookState::Active => true,
        wire::WebhookState::Disabled => false,
    }
}
