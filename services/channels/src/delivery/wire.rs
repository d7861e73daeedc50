use contracts_channels::v1 as wire;
use kernel::Time;
use prost_types::Duration;

use super::{Attempt, Delivery, LastTry, State};
use crate::fact::telling::id_text;

/// A delivery as the contract shows it, with the failed tries that are shown.
pub(crate) fn delivery(delivery: &Delivery, failures: &[Attempt]) -> wire::WebhookDelivery {
    let (state, next) = match delivery.state {
        State::Waiting => (wire::WebhookDeliveryState::Waiting, None),
        State::Due(time) => (wire::WebhookDeliveryState::Due, Some(time)),
        State::Delivered => (wire::WebhookDeliveryState::Delivered, None),
    };
    let taken = delivery.last.as_ref().filter(|_| delivery.state == State::Delivered);
    let attempts = taken.map(last_try).into_iter().chain(failures.iter().map(attempt));
    wire::WebhookDelivery {
        delivery_id: delivery.id.to_string(),
        fact_id: id_text(delivery.told.id),
        fact_type: delivery.told.kind.clone(),
        subject: delivery.told.subject.clone(),
        fact_time: Some(delivery.told.time.to_wire()),
        state: state.into(),
        attempt_count: i32::try_from(delivery.attempts).unwrap_or(i32::MAX),
        next_attempt_time: next.map(Time::to_wire),
        attempts: attempts.collect(),
    }
}

pub(crate) fn attempt(attempt: &Attempt) -> wire::WebhookAttempt {
    wire::WebhookAttempt {
        start_time: Some(attempt.start.to_wire()),
        duration: Duration::try_from(attempt.took).ok(),
        status_code: attempt.code.map_or(0, i32::from),
        failure: attempt.failure.clone().unwrap_or_default(),
        answer: attempt.answer.clone(),
    }
}

fn last_try(last: &LastTry) -> wire::WebhookAttempt {
    wire::WebhookAttempt {
        start_time: Some(last.start.to_wire()),
        duration: Duration::try_from(last.took).ok(),
        status_code: i32::try_from(last.code).unwrap_or_default(),
        failure: String::new(),
        answer: last.answer.clone(),
    }
}

/// The name of the state that a list is of; none for all.
pub(crate) fn standing(state: wire::WebhookDeliveryState) -> Option<&'static str> {
    match state {
        wire::WebhookDeliveryState::Unspecified => None,
        wire::WebhookDeliveryState::Waiting => Some("waiting"),
        wire::WebhookDeliveryState::Due => Some("due"),
        wire::WebhookDeliveryState::Delivered => Some("delivered"),
    }
}
