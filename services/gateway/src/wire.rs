//! Between the words of the contract and those of the domain.

use contracts::gateway::v1::{ApiKey as WireApiKey, ApiKeySecret, ApiKeyState, ErrorReason, Tenant as WireTenant};
use fault::{Common, Fault};
use kernel::{Id, Time};

use crate::key::{ApiKey, Key, State};
use crate::tenant::rows::TenantRow;
use crate::tenant::time_zone::{TimeZone, UnknownTimeZone};

pub(crate) fn key_id(text: &str) -> Result<Id<Key>, Fault> {
    text.parse()
        .map_err(|error: kernel::IdError| Fault::invalid("api_key_id", error.to_string()))
}

pub(crate) fn api_key(key: &ApiKey, now: Time) -> WireApiKey {
    let secrets = key.open_secrets(now).map(|secret| ApiKeySecret {
        prefix: secret.prefix.clone(),
        create_time: Some(secret.create_time.to_wire()),
        expire_time: secret.expire_time.map(Time::to_wire),
    });
    WireApiKey {
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

fn state(state: State) -> ApiKeyState {
    match state {
        State::Active => ApiKeyState::Active,
        State::Expired { .. } => ApiKeyState::Expired,
        State::Revoked => ApiKeyState::Revoked,
    }
}

pub(crate) fn tenant(row: &TenantRow) -> WireTenant {
    WireTenant {
        tenant_id: row.tenant.to_string(),
        code: row.code.clone(),
        display_name: row.display_name.clone(),
        create_time: Some(row.create_time.to_wire()),
        time_zone: row.time_zone.to_string(),
        etag: etag(row),
    }
}

pub(crate) fn time_zone(name: &str) -> Result<TimeZone, Fault> {
    name.parse()
        .map_err(|unknown: UnknownTimeZone| Fault::invalid("time_zone", unknown.to_string()))
}

/// A tenant's version, for whoever changes what they have read.
pub(crate) fn etag(row: &TenantRow) -> String {
    row.version.to_string()
}

/// Refuses a change of something that has changed since it was read.
pub(crate) fn check_etag(sent: &str, present: &str) -> Result<(), Fault> {
    if sent.is_empty() || sent == present {
        return Ok(());
    }
    let message = format!("the etag {sent} is not the present one, {present}: read again, then repeat");
    Err(Fault::refused(Common::EtagMismatch, message)
        .with("etag", present)
        .with("sent", sent))
}

/// Refuses to give scopes that the caller does not hold.
pub(crate) fn refuse_not_held(scopes: &[&str]) -> Result<(), Fault> {
    if scopes.is_empty() {
        return Ok(());
    }
    let scopes = scopes.join(",");
    let message = format!("a key gives no more than its maker holds, and the caller lacks {scopes}");
    Err(Fault::refused(ErrorReason::ScopeNotHeld, message).with("scopes", scopes))
}
