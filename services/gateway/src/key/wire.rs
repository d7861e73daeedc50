use contracts_gateway::v1 as proto;
use fault::Fault;
use kernel::{Id, Time};

use super::{ApiKey, Key, State};

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
    }
}

fn state(state: State) -> proto::ApiKeyState {
    match state {
        State::Active => proto::ApiKeyState::Active,
        State::Expired { .. } => proto::ApiKeyState::Expired,
        State::Revoked => proto::ApiKeyState::Revoked,
    }
}
