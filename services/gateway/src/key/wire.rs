use contracts_gateway::v1 as proto;
use fault::Fault;
use kernel::{Id, Time};

use super::{ApiKey, Key, State};
use crate::limit::RequestLimits;

pub(crate) fn key_id(text: &str) -> Result<Id<Key>, Fault> {
    text.parse()
        .map_err(|error: kernel::IdError| Fault::invalid("api_key_id", error.to_string()))
}

pub(crate) fn api_key(key: &ApiKey, now: Time) -> proto::ApiKey {
    let secrets = key.open_secrets(now).map(|secret| proto::ApiKeySecret {
        prefix: secret.prefix.clone(),
        create_time: Some(secret.create_time.to_wire()),
        expire_time: secret.expire_time.map(Time::to_wire),
    });
    proto::ApiKey {
        api_key_id: key.id.to_string(),
        display_name: key.display_name.clone(),
        scopes: key.scopes.iter().map(str::to_owned).collect(),
        secrets: secrets.collect(),
        state: state(key.state(now)).into(),
        create_time: Some(key.create_time.to_wire()),
        expire_time: key.expire_time.map(Time::to_wire),
        revoke_time: key.revoke_time.map(Time::to_wire),
        last_use_time: key.last_use_time.map(Time::to_wire),
        creator: key.creator.clone(),
        limits: own_limits(key.limits),
    }
}

/// The limits that a request gives; none are those of the platform.
pub(crate) fn limits(limits: Option<&proto::ApiKeyLimits>) -> RequestLimits {
    // The contract's rules bound them.
    limits.map_or_else(RequestLimits::default, |limits| RequestLimits {
        per_second: u32::try_from(limits.requests_per_second).unwrap_or(0),
        burst: u32::try_from(limits.burst).unwrap_or(0),
        per_day: u64::try_from(limits.requests_per_day).unwrap_or(0),
    })
}

fn own_limits(limits: RequestLimits) -> Option<proto::ApiKeyLimits> {
    (limits != RequestLimits::default()).then(|| proto::ApiKeyLimits {
        requests_per_second: i32::try_from(limits.per_second).unwrap_or(i32::MAX),
        burst: i32::try_from(limits.burst).unwrap_or(i32::MAX),
        requests_per_day: i64::try_from(limits.per_day).unwrap_or(i64::MAX),
    })
}

fn state(state: State) -> proto::ApiKeyState {
    match state {
        State::Active => proto::ApiKeyState::Active,
        State::Expired { .. } => proto::ApiKeyState::Expired,
        State::Revoked => proto::ApiKeyState::Revoked,
    }
}
