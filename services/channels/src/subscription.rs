//! What a system wants to be told, where, and the secrets that it is signed with.

mod create_webhook_subscription;
mod delete_webhook_subscription;
mod get_webhook_subscription;
mod list_webhook_subscriptions;
mod refusals;
mod rotate_webhook_secret;
pub(crate) mod rows;
pub(crate) mod secret;
mod service;
pub(crate) mod target;
mod update_webhook_subscription;
mod wire;

use std::time::Duration;

use kernel::{Id, Kind, Time};

pub(crate) use wire::{disable_reason, not_found, subscription_id};

/// How many subscriptions a tenant may have.
pub(crate) const SUBSCRIPTIONS_MAX: i64 = 100;

/// The kind of a subscription's id.
#[derive(Debug)]
pub(crate) enum Webhook {}

impl Kind for Webhook {
    const PREFIX: &'static str = "whs";
    const NOUN: &'static str = "webhook subscription";
}

/// A wish to be told of facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) id: Id<Webhook>,
    pub(crate) display_name: String,
    pub(crate) target_url: String,
    pub(crate) fact_types: Vec<String>,
    /// Which of these; empty: all.
    pub(crate) filter: String,
    pub(crate) state: State,
    /// Since when it is active, or was.
    pub(crate) active_time: Time,
    /// Counts the changes; its text is the etag.
    pub(crate) version: i64,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
}

/// Whether facts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Disabled { why: DisableReason, since: Time },
}

/// Why facts are not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisableReason {
    ByHand,
    Gone,
    Unreachable,
}

/// One of a subscription's secrets, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptSecret {
    /// Its place among the secrets of its subscription: 1, 2, 3 and so on.
    pub(crate) ordinal: i64,
    pub(crate) prefix: String,
    pub(crate) create_time: Time,
    pub(crate) expire_time: Option<Time>,
}

/// New values of a subscription's fields; none leaves the field as it is.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) display_name: Option<String>,
    pub(crate) target_url: Option<String>,
    pub(crate) fact_types: Option<Vec<String>>,
    pub(crate) filter: Option<String>,
    pub(crate) is_active: Option<bool>,
}

impl DisableReason {
    /// All there are.
    pub(crate) const ALL: [Self; 3] = [Self::ByHand, Self::Gone, Self::Unreachable];

    /// As a row has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Gone => "gone",
            Self::Unreachable => "unreachable",
        }
    }
}

impl State {
    /// As somebody sets it. What is disabled already stays so for its own reason.
    pub(crate) fn set(self, is_active: bool, now: Time) -> Self {
        match (is_active, self) {
            (true, Self::Active | Self::Disabled { .. }) => Self::Active,
            (false, disabled @ Self::Disabled { .. }) => disabled,
            (false, Self::Active) => Self::Disabled {
                why: DisableReason::ByHand,
                since: now,
            },
        }
    }
}

impl Subscription {
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }

    /// The next version of the subscription.
    pub(crate) fn change(self, change: Change, now: Time) -> Self {
        let state = change
            .is_active
            .map_or(self.state, |is_active| self.state.set(is_active, now));
        let begins = state == State::Active && self.state != State::Active;
        Self {
            display_name: change.display_name.unwrap_or(self.display_name),
            target_url: change.target_url.unwrap_or(self.target_url),
            fact_types: change.fact_types.unwrap_or(self.fact_types),
            filter: change.filter.unwrap_or(self.filter),
            state,
            active_time: if begins { now } else { self.active_time },
            version: self.version.saturating_add(1),
            update_time: now,
            ..self
        }
    }
}

impl Subscription {
    /// The subscription, disabled by the platform.
    pub(crate) fn disable(self, why: DisableReason, now: Time) -> Self {
        Self {
            state: State::Disabled { why, since: now },
            version: self.version.saturating_add(1),
            update_time: now,
            ..self
        }
    }
}

impl KeptSecret {
    pub(crate) fn is_valid(&self, now: Time) -> bool {
        self.expire_time.is_none_or(|end| now < end)
    }
}

/// What becomes of the secrets, the newest first, when a new one is made: the newest of them signs for the overlap longer,
/// the others end, so that with the new one there are never more than two.
pub(crate) fn succeeded(secrets: Vec<KeptSecret>, now: Time, overlap: Duration) -> Option<KeptSecret> {
    let newest = secrets.into_iter().next()?;
    let end = now.plus(overlap);
    let kept = KeptSecret {
        expire_time: Some(newest.expire_time.map_or(end, |before| before.min(end))),
        ..newest
    };
    kept.is_valid(now).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_seconds(1_000_000);

    fn secret(ordinal: i64, expire_time: Option<Time>) -> KeptSecret {
        KeptSecret {
            ordinal,
            prefix: "whsec_".to_owned(),
            create_time: NOW,
            expire_time,
        }
    }

    #[test]
    fn with_the_new_secret_there_are_never_more_than_two() {
        let hour = Duration::from_hours(1);
        let end = Some(NOW.plus(hour));
        let before = vec![secret(2, None), secret(1, end)];
        assert_eq!(succeeded(before.clone(), NOW, hour), Some(secret(2, end)));
        assert_eq!(succeeded(before, NOW, Duration::ZERO), None);
        assert_eq!(succeeded(Vec::new(), NOW, hour), None);
    }

    #[test]
    fn what_was_disabled_stays_so_for_its_own_reason() {
        let gone = State::Disabled {
            why: DisableReason::Gone,
            since: NOW,
        };
        let later = NOW.plus(Duration::from_secs(1));
        assert_eq!(gone.set(false, later), gone);
        assert_eq!(gone.set(true, later), State::Active);
        let by_hand = State::Disabled {
            why: DisableReason::ByHand,
            since: later,
        };
        assert_eq!(State::Active.set(false, later), by_hand);
    }
}
