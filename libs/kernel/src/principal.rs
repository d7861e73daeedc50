use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Id, IdError, Kind};

/// The kind of a tenant's id.
#[derive(Debug)]
pub enum TenantKind {}

impl Kind for TenantKind {
    const PREFIX: &'static str = "tnt";
    const NOUN: &'static str = "tenant";
}

/// A brand, whose rows nobody else sees. It comes from the credential, never from a message, and is the first column of
/// every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Id<TenantKind>);

impl Tenant {
    /// The platform itself, for work that belongs to no brand.
    pub const PLATFORM: Self = Self(Id::from_uuid(Uuid::nil()));

    /// The tenant with the given number.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(Id::from_uuid(uuid))
    }

    /// The number, as the databases keep it.
    pub const fn uuid(self) -> Uuid {
        self.0.uuid()
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Tenant {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self)
    }
}

/// Who calls, as far as the platform has verified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Whose rows the call may see and change.
    pub tenant: Tenant,
    /// The caller within the tenant: an API key's id, or a service's name.
    pub subject: String,
    /// What the caller may do.
    pub scopes: Scopes,
    /// From outside or from within.
    pub kind: PrincipalKind,
}

/// From where a caller comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// Somebody with an API key, through the gateway.
    Key,
    /// One of the platform's own services.
    Service,
}

impl Principal {
    /// A service of the platform, working for a tenant. It may do whatever the contracts offer.
    pub fn service(name: &str, tenant: Tenant) -> Self {
        Self {
            tenant,
            subject: name.to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            kind: PrincipalKind::Service,
        }
    }
}

/// What a caller may do: words like "points.redeem", "points.*" for all that begins so, "*" for everything that is a
/// tenant's own. What belongs to the platform ("platform.tenants") has to be named: "*" does not reach it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

const PLATFORM_SCOPES: &str = "platform.";

impl Scopes {
    /// The given words, in order and each once.
    pub fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        let mut scopes: Vec<String> = scopes.into_iter().collect();
        scopes.sort();
        scopes.dedup();
        Self(scopes)
    }

    /// Whether these allow what `wanted` names; `wanted` may itself end in a star.
    pub fn allow(&self, wanted: &str) -> bool {
        self.0.iter().any(|held| match held.strip_suffix('*') {
            Some("") => !wanted.starts_with(PLATFORM_SCOPES),
            Some(prefix) => wanted.starts_with(prefix),
            None => held == wanted,
        })
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(words: &[&str]) -> Scopes {
        Scopes::new(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn a_star_reaches_what_begins_with_its_prefix() {
        assert!(scopes(&["points.*"]).allow("points.redeem"));
        assert!(scopes(&["points.*"]).allow("points.*"));
        assert!(!scopes(&["points.*"]).allow("rights.read"));
        assert!(!scopes(&["points.redeem"]).allow("points.*"));
        assert!(!scopes(&[]).allow("points.redeem"));
    }

    #[test]
    fn everything_of_a_tenant_is_not_the_platform() {
        assert!(scopes(&["*"]).allow("points.redeem"));
        assert!(!scopes(&["*"]).allow("platform.tenants"));
        assert!(scopes(&["platform.*"]).allow("platform.tenants"));
    }
}
