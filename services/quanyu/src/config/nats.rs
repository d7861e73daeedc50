//! What can be set of NATS.

use std::path::PathBuf;
use std::time::Duration;

use documented::DocumentedFields;
use events::{JetStreamConfig, Login};
use runtime::{Problem, Secret};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Config, FactsBy, without_scheme};

/// On how many servers JetStream keeps a stream at the most.
const REPLICAS_MAX: usize = 5;
/// A year.
const AGE_HOURS_MAX: u64 = 8_760;

/// Where NATS is, and what is kept there.
#[derive(Debug, Clone, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct NatsSettings {
    /// The addresses of its servers; one is spoken with at a time.
    #[serde(deserialize_with = "list")]
    pub urls: Vec<String>,
    /// What the names of this deployment's streams and subjects have in them; platforms that share a NATS have one each.
    pub platform: String,
    /// The file with the token and the key of this process, as `nsc` writes it.
    pub credentials_file: Option<PathBuf>,
    /// Who this process is there, where NATS asks for a user.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// A token, where NATS asks for that alone.
    pub token: Option<Secret>,
    /// The certificates (PEM) of those who sign the servers', in place of the authorities that the machine trusts; with it every
    /// connection is encrypted, as it is with `tls://` addresses.
    pub ca_file: Option<PathBuf>,
    /// The certificate of this process (PEM), where the servers ask for one. Read when the process starts.
    pub cert_file: Option<PathBuf>,
    /// The key of that certificate.
    pub key_file: Option<PathBuf>,
    /// On how many servers of NATS each stream is kept: 1, or 3 in a cluster.
    pub replicas: usize,
    /// For how many hours a stream keeps a fact. Who is behind by more reads from the service that told it.
    pub max_age_hours: u64,
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            platform: "main".to_owned(),
            credentials_file: None,
            username: None,
            password: None,
            token: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            replicas: 1,
            max_age_hours: 24,
        }
    }
}

/// A list, or a text in which commas separate its items, as a variable of the environment has it.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Listed {
        Items(Vec<String>),
        Text(String),
    }
    Ok(match Listed::deserialize(deserializer)? {
        Listed::Items(items) => items,
        Listed::Text(text) if text.trim().is_empty() => Vec::new(),
        Listed::Text(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
    })
}

impl NatsSettings {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check = |right: bool, setting: &str, message: &str| {
            if !right {
                problems.push(Problem::new(format!("nats.{setting}"), message));
            }
        };
        let wrong = self.urls.iter().find(|url| !events::is_nats_url(url));
        let form =
            "must be addresses such as nats://10.0.0.3:4222 or tls://nats.internal:4222, without a password in them";
        let bare = wrong.and_then(|url| without_scheme(url, "nats"));
        check(wrong.is_none(), "urls", bare.as_deref().unwrap_or(form));
        check(
            events::is_platform_name(&self.platform),
            "platform",
            "must be letters, digits, - and _",
        );
        let logins = [
            self.credentials_file.is_some(),
            self.username.is_some(),
            self.token.is_some(),
        ];
        check(
            logins.iter().filter(|is_set| **is_set).count() <= 1,
            "credentials_file",
            "is one too many: set one of nats.credentials_file, nats.username and nats.token",
        );
        check(
            self.username.is_none() || self.password.is_some(),
            "password",
            "must be set for nats.username",
        );
        check(
            self.username.is_some() || self.password.is_none(),
            "username",
            "must be set for its password",
        );
        check(
            self.cert_file.is_none() || self.key_file.is_some(),
            "key_file",
            "must be set for nats.cert_file",
        );
        check(
            self.cert_file.is_some() || self.key_file.is_none(),
            "cert_file",
            "must be set for nats.key_file",
        );
        check(
            (1..=REPLICAS_MAX).contains(&self.replicas),
            "replicas",
            "must be from 1 to 5, and no more than NATS has servers",
        );
        check(
            (1..=AGE_HOURS_MAX).contains(&self.max_age_hours),
            "max_age_hours",
            "must be from 1 to 8760",
        );
        problems
    }

    fn login(&self) -> Login {
        if let Some(file) = &self.credentials_file {
            return Login::Credentials(file.clone());
        }
        if let Some(token) = &self.token {
            return Login::Token(token.expose().to_owned());
        }
        match (&self.username, &self.password) {
            (Some(username), Some(password)) => Login::User(username.clone(), password.expose().to_owned()),
            (_, _) => Login::Nobody,
        }
    }
}

impl Config {
    /// What is wrong with the settings of NATS.
    pub(super) fn problems_of_nats(&self) -> Vec<Problem> {
        let mut problems = self.nats.problems();
        if self.facts == FactsBy::Jetstream && self.nats.urls.is_empty() {
            let message = "must be set for facts = \"jetstream\"";
            problems.push(Problem::new("nats.urls", message));
        }
        problems
    }

    /// What a process that speaks with NATS needs besides: its files.
    pub(super) fn problems_of_nats_files(&self) -> Vec<Problem> {
        if self.facts != FactsBy::Jetstream {
            return Vec::new();
        }
        let files = [
            ("nats.credentials_file", &self.nats.credentials_file),
            ("nats.ca_file", &self.nats.ca_file),
            ("nats.cert_file", &self.nats.cert_file),
            ("nats.key_file", &self.nats.key_file),
        ];
        let missing = files.into_iter().filter_map(|(setting, file)| {
            let file = file.as_ref()?;
            let error = std::fs::read(file).err()?;
            Some(Problem::new(setting, format!("{}: {error}", file.display())))
        });
        missing.collect()
    }

    /// How NATS is spoken with, by a process of this name; none where facts do not go over it.
    pub(crate) fn nats(&self, process: &str) -> Option<JetStreamConfig> {
        (self.facts == FactsBy::Jetstream).then(|| JetStreamConfig {
            urls: self.nats.urls.clone(),
            process: format!("quanyu {process}"),
            platform: self.nats.platform.clone(),
            login: self.nats.login(),
            ca_file: self.nats.ca_file.clone(),
            own_files: self
                .nats
                .cert_file
                .clone()
                .zip(self.nats.key_file.clone())
                .map(Into::into),
            replicas: self.nats.replicas,
            max_age: Duration::from_secs(self.nats.max_age_hours.saturating_mul(3_600)),
        })
    }
}

#[cfg(test)]
mod tests {
    use runtime::Settings;

    use super::*;
    use crate::roles;

    fn told(config: &Config) -> Vec<String> {
        let role = roles::role("identity").unwrap();
        let problems = config.problems().into_iter().chain(config.problems_of_role(role));
        problems.map(|problem| problem.setting).collect()
    }

    fn config(toml: &str) -> Config {
        let key = "signing_key = \"a key that the processes of this test share\"\n";
        toml::from_str(&format!("{key}{toml}")).unwrap()
    }

    #[test]
    fn nats_is_asked_for_where_facts_go_over_it_and_all_that_is_wrong_is_told() {
        assert_eq!(told(&config("")), Vec::<String>::new());
        assert!(config("").nats("points").is_none());
        assert_eq!(told(&config("facts = \"jetstream\"")), ["nats.urls"]);
        let good = config("facts = \"jetstream\"\n[nats]\nurls = [\"nats://a:4222\", \"tls://b\"]\nreplicas = 3");
        assert_eq!(told(&good), Vec::<String>::new());
        let nats = good.nats("points").unwrap();
        assert_eq!(
            (nats.urls.len(), nats.replicas, nats.max_age),
            (2, 3, Duration::from_hours(24))
        );
        let by_text = config("facts = \"jetstream\"\n[nats]\nurls = \"nats://a:4222, nats://b:4222\"");
        assert_eq!(by_text.nats("points").unwrap().urls, ["nats://a:4222", "nats://b:4222"]);
        let wrong = config(
            "[nats]\nurls = [\"http://a\"]\nplatform = \"a.b\"\ncredentials_file = \"a\"\ntoken = \"b\"\npassword = \"c\"\n\
             cert_file = \"d\"\nreplicas = 7\nmax_age_hours = 0",
        );
        let expected = [
            "urls",
            "platform",
            "credentials_file",
            "username",
            "key_file",
            "replicas",
            "max_age_hours",
        ];
        assert_eq!(told(&wrong), expected.map(|setting| format!("nats.{setting}")));
    }

    #[test]
    fn a_file_that_is_missing_is_told_and_secrets_are_not() {
        let config = config(
            "facts = \"jetstream\"\n[nats]\nurls = [\"nats://a\"]\nusername = \"quanyu\"\npassword = \"open sesame\"\n\
             ca_file = \"/nowhere/ca.pem\"",
        );
        assert_eq!(told(&config), ["nats.ca_file"]);
        let Login::User(username, password) = config.nats("points").unwrap().login else {
            panic!("it is a user");
        };
        assert_eq!((&*username, &*password), ("quanyu", "open sesame"));
        assert!(!format!("{:?}", config.nats).contains("sesame"));
    }
}
