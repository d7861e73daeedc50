use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use kernel::Scopes;
use serde::{Deserialize, Serialize};

use crate::contract;
use crate::key::scope::KnownScopes;
use crate::role::Role;

/// What an operator sets of an issuer, as it stands in a file of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// What the subjects of its tokens are called after, in the logs: "corp".
    pub name: String,
    /// The `iss` of its tokens, letter by letter.
    pub issuer: String,
    /// What the `aud` of its tokens must name, one of these.
    pub audiences: Vec<String>,
    /// Where its keys are (JWK Set): an address with https, or with http on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The file that holds them, in place of an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// The certificates (PEM) that vouch for the address; absent: those that browsers trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What its tokens may be signed by.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    /// What the header `typ` of its tokens may be; a token without one is a "JWT".
    #[serde(default = "types")]
    pub types: Vec<String>,
    /// The code of the tenant that its tokens are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The claim that has the tenant's code, where its tokens are for many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_claim: Option<String>,
    /// The claim that has scopes.
    #[serde(default = "scopes_claim")]
    pub scopes_claim: String,
    /// The claim that has roles.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// The roles that words of that claim stand for; empty: each role by its own name.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// The most that its tokens give.
    #[serde(default = "scopes_max")]
    pub scopes_max: Vec<String>,
    /// By how many seconds its clock may differ.
    #[serde(default = "leeway_seconds")]
    pub leeway_seconds: u64,
    /// After how many seconds its keys are fetched again.
    #[serde(default = "refresh_seconds")]
    pub refresh_seconds: u64,
    /// How many seconds lie between two fetches at the least, whatever keys tokens name.
    #[serde(default = "refetch_seconds_min")]
    pub refetch_seconds_min: u64,
    /// For how many seconds the keys known last go on while it is away.
    #[serde(default = "keep_seconds")]
    pub keep_seconds: u64,
}

fn algorithms() -> Vec<String> {
    vec!["RS256".to_owned(), "ES256".to_owned()]
}

fn types() -> Vec<String> {
    vec!["JWT".to_owned(), "at+jwt".to_owned()]
}

fn scopes_claim() -> String {
    "scope".to_owned()
}

fn roles_claim() -> String {
    "roles".to_owned()
}

fn scopes_max() -> Vec<String> {
    vec!["*".to_owned()]
}

fn leeway_seconds() -> u64 {
    60
}

fn refresh_seconds() -> u64 {
    600
}

fn refetch_seconds_min() -> u64 {
    30
}

fn keep_seconds() -> u64 {
    86_400
}

/// More would honour tokens long after they have ended.
const LEEWAY_SECONDS_MAX: u64 = 300;

/// An issuer whose tokens open the gateway.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub(super) name: String,
    /// The `iss` of its tokens.
    pub(super) iss: String,
    pub(super) audiences: Vec<String>,
    pub(super) keys: KeysAt,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) types: Vec<String>,
    pub(super) tenant: TenantSource,
    pub(super) scopes_claim: String,
    pub(super) roles_claim: String,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) scopes_max: Scopes,
    pub(super) leeway_seconds: u64,
    pub(super) refresh: Duration,
    pub(super) refetch_min: Duration,
    pub(super) keep: Duration,
}

/// Where the keys of an issuer are.
#[derive(Debug, Clone)]
pub(super) enum KeysAt {
    Address { url: Uri, ca_file: Option<PathBuf> },
    File(PathBuf),
}

/// Which tenant a token is for.
#[derive(Debug, Clone)]
pub(super) enum TenantSource {
    Fixed(String),
    Claim(String),
}

impl IssuerSettings {
    /// The issuer, or everything that is wrong with its settings.
    pub fn read(&self) -> Result<Issuer, Vec<String>> {
        let mut wrong = Vec::new();
        let mut told = |message: String| wrong.push(format!("{}: {message}", self.name));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if self.name.is_empty() || self.name.len() > 32 || !self.name.chars().all(is_name) {
            told("name must be 1 to 32 lower-case letters, digits, - or _".to_owned());
        }
        if self.issuer.is_empty() {
            told("issuer must be the iss of its tokens".to_owned());
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            told("audiences must name what its tokens are for, or tokens for others would open the gateway".to_owned());
        }
        let keys = self.keys().map_err(&mut told).ok();
        let algorithms: Vec<Algorithm> = self.algorithms.iter().filter_map(|name| asymmetric(name)).collect();
        if algorithms.is_empty() || algorithms.len() < self.algorithms.len() {
            told(format!("algorithms must be of {}", ALGORITHMS.join(", ")));
        }
        let tenant = match (&self.tenant, &self.tenant_claim) {
            (Some(code), None) => Some(TenantSource::Fixed(code.clone())),
            (None, Some(claim)) => Some(TenantSource::Claim(claim.clone())),
            (Some(_), Some(_)) | (None, None) => {
                told("set one of tenant, a tenant's code, and tenant_claim, the claim that has it".to_owned());
                None
            }
        };
        let mut roles = BTreeMap::new();
        for (word, name) in &self.roles {
            if let Some(role) = Role::named(name) {
                roles.insert(word.clone(), role);
            } else {
                let names: Vec<&str> = Role::names().collect();
                told(format!("roles.{word} must be one of {}", names.join(", ")));
            }
        }
        let known = KnownScopes::new(contracts_all::CONTRACT.methods().into_iter().flat_map(contract::scopes));
        for scope in self.scopes_max.iter().filter(|scope| !known.contain(scope)) {
            told(format!("scopes_max: {scope} {}", crate::key::scope::UNKNOWN));
        }
        if self.leeway_seconds > LEEWAY_SECONDS_MAX {
            told(format!("leeway_seconds must be {LEEWAY_SECONDS_MAX} at the most"));
        }
        if self.refetch_seconds_min == 0 || self.refresh_seconds < self.refetch_seconds_min {
            told("refetch_seconds_min must be 1 or more, and refresh_seconds no less than it".to_owned());
        }
        if self.keep_seconds < self.refresh_seconds {
            told("keep_seconds must be no less than refresh_seconds".to_owned());
        }
        match (keys, tenant, wrong.is_empty()) {
            (Some(keys), Some(tenant), true) => Ok(Issuer {
                name: self.name.clone(),
                iss: self.issuer.clone(),
                audiences: self.audiences.clone(),
                keys,
                algorithms,
                types: self.types.iter().map(|name| name.to_ascii_lowercase()).collect(),
                tenant,
                scopes_claim: self.scopes_claim.clone(),
                roles_claim: self.roles_claim.clone(),
                roles,
                scopes_max: Scopes::new(self.scopes_max.iter().cloned()),
                leeway_seconds: self.leeway_seconds,
                refresh: Duration::from_secs(self.refresh_seconds),
                refetch_min: Duration::from_secs(self.refetch_seconds_min),
                keep: Duration::from_secs(self.keep_seconds),
            }),
            (_, _, _) => Err(wrong),
        }
    }

    /// Keys that came over a network in the clear would be anybody's.
    fn keys(&self) -> Result<KeysAt, String> {
        match (&self.jwks_url, &self.jwks_file) {
            (None, Some(file)) => Ok(KeysAt::File(file.clone())),
            (Some(text), None) => {
                let url: Uri = text
                    .parse()
                    .map_err(|error| format!("jwks_url is no address: {error}"))?;
                let is_local = matches!(url.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
                match (url.scheme_str(), is_local) {
                    (Some("https"), _) | (Some("http"), true) => Ok(KeysAt::Address {
                        url,
                        ca_file: self.ca_file.clone(),
                    }),
                    (_, _) => Err("jwks_url must begin with https://, or be on this machine".to_owned()),
                }
            }
            (Some(_), Some(_)) | (None, None) => Err("set one of jwks_url and jwks_file".to_owned()),
        }
    }
}

/// The algorithms whose keys can be published.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

fn asymmetric(name: &str) -> Option<Algorithm> {
    let algorithm: Algorithm = name.parse().ok()?;
    (algorithm.family() != AlgorithmFamily::Hmac).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl IssuerSettings {
        pub(in crate::token) fn of_test(issuer: &str, jwks_file: &str) -> Self {
            let settings = format!(
                r#"{{"name": "corp", "issuer": "{issuer}", "audiences": ["quanyu"], "jwks_file": "{jwks_file}",
                    "tenant": "default"}}"#
            );
            serde_json::from_str(&settings).unwrap()
        }
    }

    fn wrong(change: impl FnOnce(&mut IssuerSettings)) -> Vec<String> {
        let mut settings = IssuerSettings::of_test("https://id.example.com", "/nowhere/keys.json");
        change(&mut settings);
        settings.read().err().unwrap_or_default()
    }

    #[test]
    fn everything_that_is_wrong_with_an_issuer_is_told_at_once() {
        assert_eq!(wrong(|_| {}), Vec::<String>::new());
        let all = wrong(|settings| {
            settings.name = "Corp".to_owned();
            settings.issuer = String::new();
            settings.audiences = Vec::new();
            settings.jwks_url = Some("https://id.example.com/keys".to_owned());
            settings.algorithms = Vec::new();
            settings.tenant_claim = Some("tenant".to_owned());
            settings.roles.insert("boss".to_owned(), "owner".to_owned());
            settings.scopes_max = vec!["platform*".to_owned()];
            settings.leeway_seconds = 301;
            settings.refetch_seconds_min = 0;
            settings.keep_seconds = 1;
        });
        assert_eq!(all.len(), 11, "{all:#?}");
    }

    #[test]
    fn only_algorithms_with_a_public_key_can_be_allowed() {
        for name in ["HS256", "HS384", "HS512", "none", "None", "ES512", "RS1", ""] {
            let told = wrong(|settings| settings.algorithms = vec!["RS256".to_owned(), name.to_owned()]);
            assert_eq!(told.len(), 1, "{name}: {told:?}");
        }
        for name in ALGORITHMS {
            let told = wrong(|settings| settings.algorithms = vec![name.to_owned()]);
            assert_eq!(told, Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn keys_come_by_https_or_from_this_machine() {
        let told = |url: &str| {
            wrong(|settings| {
                settings.jwks_file = None;
                settings.jwks_url = Some(url.to_owned());
            })
        };
        for url in [
            "https://id.example.com/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/keys",
        ] {
            assert_eq!(told(url), Vec::<String>::new(), "{url}");
        }
        for url in [
            "http://id.example.com/keys",
            "ftp://localhost/keys",
            "/keys",
            "",
            "http://localhost.example.com/",
        ] {
            assert_eq!(told(url).len(), 1, "{url}");
        }
    }
}
