use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use kernel::Scopes;
use runtime::Problem;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::key_source;
use crate::contract;
use crate::key::scope::KnownScopes;
use crate::role::Role;

/// What an operator sets of an issuer, as it stands in a file of settings. What of it cannot be read is kept in mind, and told
/// by [`IssuerSettings::read`] with all else that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct IssuerSettings {
    /// What the subjects of its tokens are called after, in the logs: "corp".
    pub name: String,
    /// The `iss` of its tokens, letter by letter.
    pub issuer: String,
    /// What the `aud` of its tokens must name, one of these.
    pub audiences: Vec<String>,
    /// Where its keys are (JWK Set): an address with https, or with http on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The file that holds them, in place of an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// The certificates (PEM) that vouch for the address; absent: those that browsers trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What its tokens may be signed by.
    pub algorithms: Vec<String>,
    /// What the header `typ` of its tokens may be; a token without one is a "JWT".
    pub types: Vec<String>,
    /// The code of the tenant that its tokens are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The claim that has the tenant's code, where its tokens are for many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_claim: Option<String>,
    /// The claim that has scopes.
    pub scopes_claim: String,
    /// The claim that has roles.
    pub roles_claim: String,
    /// The most that its tokens give.
    pub scopes_max: Vec<String>,
    /// By how many seconds its clock may differ.
    pub leeway_seconds: u64,
    /// After how many seconds its keys are fetched again.
    pub refresh_seconds: u64,
    /// How many seconds lie between two fetches at the least, whatever keys tokens name.
    pub refetch_seconds_min: u64,
    /// For how many seconds the keys known last go on while it is away.
    pub keep_seconds: u64,
    /// The roles that words of that claim stand for; empty: each role by its own name. A table of its own in TOML, and so the
    /// last.
    pub roles: BTreeMap<String, String>,
    /// What could not be read.
    #[serde(skip)]
    unread: Vec<Problem>,
}

const TEXT: &str = "a text";
const TEXTS: &str = "a list of texts";
const SECONDS: &str = "a whole number of 0 or more";

/// The fields, each with what it must be.
const FIELDS: [(&str, &str); 18] = [
    ("name", TEXT),
    ("issuer", TEXT),
    ("audiences", TEXTS),
    ("jwks_url", TEXT),
    ("jwks_file", TEXT),
    ("ca_file", TEXT),
    ("algorithms", TEXTS),
    ("types", TEXTS),
    ("tenant", TEXT),
    ("tenant_claim", TEXT),
    ("scopes_claim", TEXT),
    ("roles_claim", TEXT),
    ("roles", "a table of words with the name of a role each"),
    ("scopes_max", TEXTS),
    ("leeway_seconds", SECONDS),
    ("refresh_seconds", SECONDS),
    ("refetch_seconds_min", SECONDS),
    ("keep_seconds", SECONDS),
];

impl Default for IssuerSettings {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            name: String::new(),
            issuer: String::new(),
            audiences: Vec::new(),
            jwks_url: None,
            jwks_file: None,
            ca_file: None,
            algorithms: texts(&["RS256", "ES256"]),
            types: texts(&["JWT", "at+jwt"]),
            tenant: None,
            tenant_claim: None,
            scopes_claim: "scope".to_owned(),
            roles_claim: "roles".to_owned(),
            scopes_max: texts(&["*"]),
            leeway_seconds: 60,
            refresh_seconds: 600,
            refetch_seconds_min: 30,
            keep_seconds: 86_400,
            roles: BTreeMap::new(),
            unread: Vec::new(),
        }
    }
}

impl Serialize for IssuerSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IssuerSettings {
    /// Each field is read by itself, for the library stops at the first that it cannot read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut readable, mut unread) = (Map::new(), Vec::new());
        for (field, value) in BTreeMap::<String, Value>::deserialize(deserializer)? {
            if value.is_null() {
                continue;
            }
            let alone = Map::from_iter([(field.clone(), value.clone())]);
            match Self::deserialize(Value::Object(alone)) {
                Ok(_) => drop(readable.insert(field, value)),
                Err(_) => unread.push(Problem::new(&field, unreadable(&field))),
            }
        }
        let read = Self::deserialize(Value::Object(readable)).map_err(D::Error::custom)?;
        Ok(Self { unread, ..read })
    }
}

/// Why a field cannot be read.
fn unreadable(field: &str) -> String {
    if let Some((_, wanted)) = FIELDS.iter().find(|(name, _)| *name == field) {
        return format!("must be {wanted}");
    }
    let names = FIELDS.iter().map(|(name, _)| *name);
    match runtime::nearest(field, names.clone()) {
        Some(meant) => format!("is no setting of an issuer: did you mean {meant}?"),
        None => format!("is no setting of an issuer: {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// A name stands in each subject, and in labels of metrics.
const NAME_CHARACTERS_MAX: usize = 32;
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
    /// The issuer, or everything that is wrong with its settings, each by the name of its field.
    pub fn read(&self) -> Result<Issuer, Vec<Problem>> {
        let mut wrong = self.unread.clone();
        let mut told = |field: &str, message: String| {
            // In place of what could not be read stands a default, of which there is nothing to tell.
            if self.unread.iter().all(|unread| unread.setting != field) {
                wrong.push(Problem::new(field, message));
            }
        };
        if !self.has_name() {
            told("name", "must be 1 to 32 lower-case letters, digits, - or _".to_owned());
        }
        if self.issuer.is_empty() {
            told("issuer", "must be the iss of its tokens".to_owned());
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            let message = "must name what its tokens are for, or tokens for others would open the gateway";
            told("audiences", message.to_owned());
        }
        let keys = self.keys().map_err(|(field, message)| told(field, message)).ok();
        if self.ca_file.is_some() && self.jwks_url.is_none() {
            told("ca_file", "vouches for a jwks_url, and there is none".to_owned());
        }
        let algorithms: Vec<Algorithm> = self.algorithms.iter().filter_map(|name| asymmetric(name)).collect();
        if algorithms.is_empty() || algorithms.len() < self.algorithms.len() {
            told("algorithms", format!("must be of {}", ALGORITHMS.join(", ")));
        }
        let tenant = match (&self.tenant, &self.tenant_claim) {
            (Some(code), None) => Some(TenantSource::Fixed(code.clone())),
            (None, Some(claim)) => Some(TenantSource::Claim(claim.clone())),
            (Some(_), Some(_)) | (None, None) => {
                let message = "set one of tenant, a tenant's code, and tenant_claim, the claim that has it";
                told("tenant", message.to_owned());
                None
            }
        };
        let mut roles = BTreeMap::new();
        for (word, name) in &self.roles {
            if let Some(role) = Role::named(name) {
                roles.insert(word.clone(), role);
            } else {
                let names: Vec<&str> = Role::names().collect();
                told(&format!("roles.{word}"), format!("must be one of {}", names.join(", ")));
            }
        }
        let known = KnownScopes::new(contracts_all::CONTRACT.methods().into_iter().flat_map(contract::scopes));
        for scope in self.scopes_max.iter().filter(|scope| !known.contain(scope)) {
            told("scopes_max", format!("{scope} {}", crate::key::scope::UNKNOWN));
        }
        if self.leeway_seconds > LEEWAY_SECONDS_MAX {
            told("leeway_seconds", format!("must be {LEEWAY_SECONDS_MAX} at the most"));
        }
        if self.refetch_seconds_min == 0 || self.refresh_seconds < self.refetch_seconds_min {
            let message = "must be 1 or more, and refresh_seconds no less than it";
            told("refetch_seconds_min", message.to_owned());
        }
        if self.keep_seconds < self.refresh_seconds {
            told("keep_seconds", "must be no less than refresh_seconds".to_owned());
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

    /// Whether its name is one by which it can be told from others.
    pub fn has_name(&self) -> bool {
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        (1..=NAME_CHARACTERS_MAX).contains(&self.name.len()) && self.name.chars().all(is_of_name)
    }

    /// Keys that came over a network in the clear would be anybody's.
    fn keys(&self) -> Result<KeysAt, (&'static str, String)> {
        let wrong = |message: String| ("jwks_url", message);
        match (&self.jwks_url, &self.jwks_file) {
            (None, Some(file)) => Ok(KeysAt::File(file.clone())),
            (Some(text), None) => {
                let url: Uri = text.parse().map_err(|error| {
                    wrong(format!(
                        "is no address: {error}: write it like https://id.example.com/keys"
                    ))
                })?;
                let is_local = matches!(url.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
                match (url.scheme_str(), is_local) {
                    (Some("https"), _) | (Some("http"), true) => Ok(KeysAt::Address {
                        url,
                        ca_file: self.ca_file.clone(),
                    }),
                    (_, _) => Err(wrong("must begin with https://, or be on this machine".to_owned())),
                }
            }
            (Some(_), Some(_)) | (None, None) => Err(wrong("set one of jwks_url and jwks_file".to_owned())),
        }
    }
}

impl Issuer {
    /// What is wrong with the files that it names, each by the name of its field.
    pub fn problems_of_files(&self) -> Vec<Problem> {
        match &self.keys {
            KeysAt::File(file) => {
                let read = key_source::keys_in(file).err();
                read.map(|message| Problem::new("jwks_file", message))
                    .into_iter()
                    .collect()
            }
            KeysAt::Address { ca_file, .. } => {
                let read = key_source::connector(ca_file.as_ref()).err();
                read.map(|message| Problem::new("ca_file", message))
                    .into_iter()
                    .collect()
            }
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

    fn told(settings: &IssuerSettings) -> Vec<String> {
        let problems = settings.read().err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    fn wrong(change: impl FnOnce(&mut IssuerSettings)) -> Vec<String> {
        let mut settings = IssuerSettings::of_test("https://id.example.com", "/nowhere/keys.json");
        change(&mut settings);
        told(&settings)
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else_and_each_is_told_once() {
        let table = r#"{"name": "corp", "jwks_ulr": "https://id.example.com/keys", "leeway_seconds": "many",
            "audiences": "quanyu", "colour": 1, "tenant": "default", "keep_seconds": 1}"#;
        let settings: IssuerSettings = serde_json::from_str(table).unwrap();
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let none = format!("colour: is no setting of an issuer: {}", names.join(", "));
        assert_eq!(
            told(&settings),
            [
                "audiences: must be a list of texts",
                &none,
                "jwks_ulr: is no setting of an issuer: did you mean jwks_url?",
                "leeway_seconds: must be a whole number of 0 or more",
                "issuer: must be the iss of its tokens",
                "jwks_url: set one of jwks_url and jwks_file",
                "keep_seconds: must be no less than refresh_seconds",
            ]
        );
    }

    #[test]
    fn the_fields_that_are_named_are_those_that_there_are() {
        let unknown = IssuerSettings::deserialize(serde_json::json!({"?": 1}))
            .unwrap_err()
            .to_string();
        let known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        let (mut known, mut named) = (known, FIELDS.map(|(name, _)| name));
        known.sort_unstable();
        named.sort_unstable();
        assert_eq!(known, named, "{unknown}");
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
