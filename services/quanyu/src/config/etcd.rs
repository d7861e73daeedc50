//! What can be set of etcd.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use documented::DocumentedFields;
use mesh::EtcdConfig;
use rpc::Address;
use runtime::{Problem, Secret};
use serde::{Deserialize, Serialize};
use tls::Connector;

use super::{Config, Discovery, addresses, without_scheme};

/// What etcd grants: a lease below is as long as the least.
const LEASE_SECONDS_MIN: u64 = 2;
/// Longer, and a process that was killed is called for an hour.
const LEASE_SECONDS_MAX: u64 = 3_600;

/// Where etcd is, and what is told there.
#[derive(Debug, Clone, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct EtcdSettings {
    /// The addresses of its nodes, separated by commas; one is spoken with at a time.
    pub endpoints: Option<String>,
    /// What the keys of this deployment begin with; platforms that share an etcd have one each.
    pub prefix: String,
    /// The CAs that issued the certificates of its nodes, as PEM, where `endpoints` begin with https.
    pub ca_file: Option<PathBuf>,
    /// The certificate that this process shows there, where etcd asks for one.
    pub cert_file: Option<PathBuf>,
    /// The certificate's private key.
    pub key_file: Option<PathBuf>,
    /// Who this process is there, where etcd asks for it.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The file that holds it, as secrets are handed to a container.
    pub password_file: Option<PathBuf>,
    /// After how many seconds without a sign of life a process is no longer found.
    pub lease_seconds: u64,
    /// For how many seconds a process that stops goes on answering after it has withdrawn, so that callers notice; a part of
    /// `drain_seconds`.
    pub notice_seconds: u64,
    /// Where the replicas known last are kept, for a start while etcd is away; absent: in the folder, one file for each role.
    pub replicas_file: Option<PathBuf>,
}

impl Default for EtcdSettings {
    fn default() -> Self {
        Self {
            endpoints: None,
            prefix: "/quanyu/main".to_owned(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            username: None,
            password: None,
            password_file: None,
            lease_seconds: 10,
            notice_seconds: 1,
            replicas_file: None,
        }
    }
}

impl EtcdSettings {
    fn problems(&self, drain_seconds: u64) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check = |right: bool, setting: &str, message: &str| {
            if !right {
                problems.push(Problem::new(format!("etcd.{setting}"), message));
            }
        };
        if let Some(endpoints) = &self.endpoints {
            let nodes = addresses(endpoints);
            let form = "must be addresses such as http://10.0.0.3:2379, separated by commas".to_owned();
            let scheme = if self.ca_file.is_some() { "https" } else { "http" };
            check(
                nodes.is_ok(),
                "endpoints",
                &without_scheme(endpoints, scheme).unwrap_or(form),
            );
            let is_safe = |node: &Address| node.is_https() == self.ca_file.is_some();
            check(
                nodes.is_err() || nodes.is_ok_and(|nodes| nodes.iter().all(is_safe)),
                "ca_file",
                "and https in etcd.endpoints belong together: set both, or neither",
            );
        }
        let parts: Vec<&str> = self.prefix.split('/').collect();
        let is_path = matches!(parts.as_slice(), ["", below @ ..] if !below.is_empty() && below.iter().all(|part| !part.is_empty()));
        check(
            is_path,
            "prefix",
            "must be a path such as /quanyu/main, without a stroke at its end",
        );
        let is_granted = (LEASE_SECONDS_MIN..=LEASE_SECONDS_MAX).contains(&self.lease_seconds);
        check(is_granted, "lease_seconds", "must be from 2 to 3600");
        check(
            self.notice_seconds == 0 || self.notice_seconds < drain_seconds,
            "notice_seconds",
            "must be less than drain_seconds: what is left of that is for the calls under way",
        );
        check(
            self.password.is_none() || self.password_file.is_none(),
            "password_file",
            "is one too many beside etcd.password: set one of the two",
        );
        let has_password = self.password.is_some() || self.password_file.is_some();
        check(
            self.username.is_none() || has_password,
            "password",
            "must be set for etcd.username, or etcd.password_file",
        );
        check(
            self.username.is_some() || !has_password,
            "username",
            "must be set for its password",
        );
        problems
    }

    /// The user and the password; a file is read each time.
    fn user(&self) -> Result<Option<(String, String)>, Problem> {
        let Some(user) = &self.username else { return Ok(None) };
        if let Some(file) = &self.password_file {
            let text = std::fs::read_to_string(file);
            let text =
                text.map_err(|error| Problem::new("etcd.password_file", format!("{}: {error}", file.display())))?;
            return Ok(Some((user.clone(), text.trim_end_matches(['\r', '\n']).to_owned())));
        }
        let password = self.password.as_ref().map(Secret::expose).unwrap_or_default();
        Ok(Some((user.clone(), password.to_owned())))
    }
}

impl Config {
    /// What is wrong with the settings of etcd, and of what is told there.
    pub(super) fn problems_of_etcd(&self) -> Vec<Problem> {
        let mut problems = self.etcd.problems(self.drain_seconds);
        if self.discovery == Discovery::Etcd && self.etcd.endpoints.is_none() {
            let message = "must be set for discovery = \"etcd\"";
            problems.push(Problem::new("etcd.endpoints", message));
        }
        if let Some(advertise) = &self.advertise
            && let Err(wrong) = advertise.parse::<Address>()
        {
            let wrong = without_scheme(advertise, "http").unwrap_or_else(|| wrong.to_string());
            problems.push(Problem::new("advertise", wrong));
        }
        if self.zone.as_ref().is_some_and(String::is_empty) {
            problems.push(Problem::new("zone", "must have a name, or be absent"));
        }
        problems
    }

    /// What a process that registers needs besides: an address that others can call, and its password.
    pub(super) fn problems_of_registration(&self) -> Vec<Problem> {
        if self.discovery != Discovery::Etcd {
            return Vec::new();
        }
        let mut problems: Vec<Problem> = self.etcd.user().err().into_iter().collect();
        if self.advertise.is_none() && self.listen.ip().is_unspecified() {
            let message = format!(
                "must be set: nobody can call {}, where this process listens",
                self.listen
            );
            problems.push(Problem::new("advertise", message));
        }
        problems
    }

    /// Where others call a process that listens at an address.
    pub(crate) fn advertised(&self, listens: SocketAddr) -> String {
        let scheme = if self.mesh_tls.ca_file.is_some() {
            "https"
        } else {
            "http"
        };
        self.advertise
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{listens}"))
    }

    /// For how long a process that has withdrawn goes on as before.
    pub(crate) fn notice(&self) -> Duration {
        Duration::from_secs(self.etcd.notice_seconds)
    }

    /// How etcd is spoken with, by a process of this name.
    pub(crate) fn etcd(&self, process: &str, tls: Option<Connector>) -> Result<EtcdConfig, Problem> {
        let endpoints = self.etcd.endpoints.as_deref().unwrap_or_default();
        let file = self.etcd.replicas_file.clone();
        Ok(EtcdConfig {
            endpoints: addresses(endpoints)
                .unwrap_or_default()
                .iter()
                .map(ToString::to_string)
                .collect(),
            user: self.etcd.user()?,
            tls,
            prefix: self.etcd.prefix.clone(),
            zone: self.zone.clone(),
            lease: Duration::from_secs(self.etcd.lease_seconds),
            file: file.unwrap_or_else(|| self.folder.join(format!("{process}.replicas.json"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use runtime::Settings;

    use super::*;
    use crate::roles;

    fn config() -> Config {
        let mut config = Config {
            discovery: Discovery::Etcd,
            signing_key: Some(Secret::new("a key that the processes of this test share")),
            ..Config::default()
        };
        config.etcd.endpoints = Some("http://10.0.0.3:2379, http://10.0.0.4:2379".to_owned());
        config
    }

    fn told(config: &Config) -> Vec<String> {
        let role = roles::role("points").unwrap();
        let problems = config.problems().into_iter().chain(config.problems_of_role(role));
        problems.map(|problem| problem.setting).collect()
    }

    #[test]
    fn with_etcd_no_peer_need_be_named_and_all_that_is_wrong_is_told() {
        let mut config = config();
        assert_eq!(told(&config), Vec::<String>::new());
        let etcd = config.etcd("points", None).unwrap();
        assert_eq!(etcd.endpoints, ["http://10.0.0.3:2379", "http://10.0.0.4:2379"]);
        assert!(etcd.file.ends_with("points.replicas.json"), "{}", etcd.file.display());
        config.listen = "0.0.0.0:7401".parse().unwrap();
        config.zone = Some(String::new());
        config.etcd = EtcdSettings {
            endpoints: Some("10.0.0.3:2379".to_owned()),
            prefix: "quanyu/".to_owned(),
            username: Some("quanyu".to_owned()),
            lease_seconds: 1,
            notice_seconds: config.drain_seconds,
            ..EtcdSettings::default()
        };
        let expected = [
            "etcd.endpoints",
            "etcd.prefix",
            "etcd.lease_seconds",
            "etcd.notice_seconds",
            "etcd.password",
            "zone",
            "advertise",
        ];
        assert_eq!(told(&config), expected);
        config.advertise = Some("points.internal".to_owned());
        config.etcd = EtcdSettings {
            password: Some(Secret::new("a")),
            password_file: Some("b".into()),
            ..EtcdSettings::default()
        };
        let expected = [
            "etcd.password_file",
            "etcd.username",
            "etcd.endpoints",
            "advertise",
            "zone",
        ];
        assert_eq!(told(&config), expected);
    }

    #[test]
    fn a_password_is_read_from_its_file_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config();
        config.etcd.username = Some("quanyu".to_owned());
        config.etcd.password_file = Some(folder.path().join("password"));
        assert_eq!(told(&config), ["etcd.password_file"]);
        std::fs::write(folder.path().join("password"), "open sesame\n").unwrap();
        assert_eq!(told(&config), Vec::<String>::new());
        let user = config.etcd("points", None).unwrap().user;
        assert_eq!(user, Some(("quanyu".to_owned(), "open sesame".to_owned())));
    }

    #[test]
    fn others_call_where_it_is_advertised_or_where_it_listens() {
        let mut config = config();
        let listens = "127.0.0.1:7401".parse().unwrap();
        assert_eq!(config.advertised(listens), "http://127.0.0.1:7401");
        config.mesh_tls.ca_file = Some("ca.crt".into());
        assert_eq!(config.advertised(listens), "https://127.0.0.1:7401");
        config.advertise = Some("http://points.internal:80".to_owned());
        assert_eq!(config.advertised(listens), "http://points.internal:80");
    }
}
