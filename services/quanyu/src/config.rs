//! What can be set, and what it must be.

mod certificates;
mod channels;
mod edge;
mod etcd;
mod nats;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use documented::DocumentedFields;
use gateway::FirstSecret;
use rpc::{Address, NoAddress};
use runtime::{Problem, Secret, Sentence, Settings, sentences_of};
use serde::{Deserialize, Serialize};
use store::DbConfig;
use telemetry::TelemetryConfig;

pub use self::certificates::{MeshTlsSettings, TlsSettings};
use self::channels::ChannelsSettings;
use self::edge::GatewaySettings;
use self::etcd::EtcdSettings;
use self::nats::NatsSettings;
use crate::connections;
use crate::roles::{self, Role};

/// Everything that can be set, by a file (TOML), by the environment (`QUANYU_DATABASE_URL`) or by flags. The comments of the
/// fields are what `--print-config` says of them.
#[derive(Debug, Clone, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the SQLite files are, one for each service.
    pub folder: PathBuf,
    /// Whether the folder is deleted in the end, so that nothing in it need survive a power cut. Not to be set.
    #[serde(skip)]
    pub is_disposable: bool,
    /// The address that clients call: of the gateway for `up`, of the role for `serve`.
    pub listen: SocketAddr,
    /// Where operators find /metrics, /healthz and /readyz; absent: nowhere.
    pub admin_listen: Option<SocketAddr>,
    /// `postgres://user:password@host/database`; absent: SQLite files in the folder.
    pub database_url: Option<Secret>,
    /// How many connections to PostgreSQL the process opens at the most, over all its services; absent: 13 where it serves one
    /// service, 48 where it serves all of them, among whom they are divided.
    pub database_connections_max: Option<u32>,
    /// Whether `up` and `serve` bring the tables of their services up to date when they start; false: `quanyu migrate` alone
    /// does, and a process whose database is behind does not start.
    pub migrate_at_start: bool,
    /// Signs who calls between the processes of one platform; the same in all of them, 32 characters or more. `up` needs
    /// none.
    pub signing_key: Option<Secret>,
    /// A second key that is honoured and does not sign, while the processes change over from one key to another.
    pub signing_key_honoured: Option<Secret>,
    /// The first API key of a new platform: "qy_" and 64 hexadecimal digits; absent: one is made and shown once.
    pub first_api_key: Option<Secret>,
    /// The file that holds it, as secrets are handed to a container.
    pub first_api_key_file: Option<PathBuf>,
    /// Shows a first API key that was made even where standard output is no terminal, and perhaps a log that is kept.
    pub print_first_api_key: bool,
    /// The addresses of the other services by their names, for `serve`; `up` needs none. Several of one service, one for each
    /// of its replicas, are separated by commas.
    pub peers: BTreeMap<String, String>,
    /// How the replicas of a peer are found: "static", its addresses as they stand in `peers`; or "dns", all machines that the
    /// names in them have by now, each a replica, as a headless service of Kubernetes tells them; or "etcd", those that have
    /// registered there, as this process does then.
    pub discovery: Discovery,
    /// Where others call this process, as it registers in etcd; absent: at `listen`, which must not be 0.0.0.0 then.
    pub advertise: Option<String>,
    /// The zone of this process. Of the replicas in etcd those of the own zone get its calls while any of them answers.
    pub zone: Option<String>,
    /// Where etcd is, for `discovery = "etcd"`.
    pub etcd: EtcdSettings,
    /// By which way `serve` gets the facts of the other services: "peers", by calls to them; or "jetstream", from streams of NATS
    /// to which each service publishes its own, and by calls while NATS is away. `up` reads them where they are written.
    pub facts: FactsBy,
    /// Where NATS is, for `facts = "jetstream"`.
    pub nats: NatsSettings,
    /// Who may call the gateway, and how much.
    pub gateway: GatewaySettings,
    /// How webhooks are kept and sent.
    pub channels: ChannelsSettings,
    /// How many calls each service works on at once; the next one is turned away at once.
    pub concurrency_max: usize,
    /// For how many days after it a merge of two members can be undone; 0 for never.
    pub merge_undo_days: u32,
    /// How long calls under way may take to end when the process stops.
    pub drain_seconds: u64,
    /// The certificate that clients of the gateway see.
    pub tls: TlsSettings,
    /// The certificates that services show each other.
    pub mesh_tls: MeshTlsSettings,
    /// Traces, metrics and logs.
    pub telemetry: TelemetryConfig,
}

/// How the replicas of a peer are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discovery {
    /// By the addresses that `peers` has.
    #[default]
    Static,
    /// By what the names in them resolve to, asked again and again.
    Dns,
    /// By what they have registered in etcd.
    Etcd,
}

/// By which way facts come from other services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactsBy {
    /// Calls to them.
    #[default]
    Peers,
    /// Streams of NATS.
    Jetstream,
}

/// What a shared secret must have at least.
const SIGNING_KEY_CHARACTERS_MIN: usize = 32;

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
            is_disposable: false,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7400)),
            admin_listen: None,
            database_url: None,
            database_connections_max: None,
            migrate_at_start: true,
            signing_key: None,
            signing_key_honoured: None,
            first_api_key: None,
            first_api_key_file: None,
            print_first_api_key: false,
            peers: BTreeMap::new(),
            discovery: Discovery::default(),
            advertise: None,
            zone: None,
            etcd: EtcdSettings::default(),
            facts: FactsBy::default(),
            nats: NatsSettings::default(),
            gateway: GatewaySettings::default(),
            channels: ChannelsSettings::default(),
            concurrency_max: 1_024,
            merge_undo_days: identity::UNDO_DAYS,
            drain_seconds: 20,
            tls: TlsSettings::default(),
            mesh_tls: MeshTlsSettings::default(),
            telemetry: TelemetryConfig {
                log_filter: "warn".to_owned(),
                ..TelemetryConfig::default()
            },
        }
    }
}

impl Settings for Config {
    /// An import's key, and where tests find their server.
    const FOREIGN: &'static [&'static str] = &["api_key", "address", "time_zone", "test_database_url"];

    fn sentences() -> Vec<Sentence> {
        let own = sentences_of::<Self>("").into_iter();
        let is_group = |name: &str| {
            matches!(
                name,
                "channels" | "etcd" | "gateway" | "mesh_tls" | "nats" | "telemetry" | "tls" | "is_disposable"
            )
        };
        let own = own.filter(|sentence| !is_group(&sentence.setting));
        let own = own.chain(sentences_of::<EtcdSettings>("etcd"));
        let own = own.chain(sentences_of::<NatsSettings>("nats"));
        let own = own.chain(sentences_of::<GatewaySettings>("gateway"));
        let own = own.chain(sentences_of::<ChannelsSettings>("channels"));
        let own = own.chain(sentences_of::<TlsSettings>("tls"));
        let own = own.chain(sentences_of::<MeshTlsSettings>("mesh_tls"));
        own.chain(sentences_of::<TelemetryConfig>("telemetry")).collect()
    }

    fn example(setting: &str) -> Option<&'static str> {
        match setting {
            "admin_listen" => Some(r#""127.0.0.1:7490""#),
            "database_url" => Some(r#""postgres://user:password@host:5432/quanyu""#),
            "database_connections_max" => Some("48"),
            "signing_key" | "signing_key_honoured" | "channels.secrets_key" | "channels.secrets_key_honoured" => {
                Some(r#""what openssl rand -hex 32 writes""#)
            }
            "first_api_key" => Some(r#""what echo qy_$(openssl rand -hex 32) writes""#),
            "first_api_key_file" => Some(r#""/run/secrets/quanyu-first-api-key""#),
            "peers" => Some(r#"points = "http://10.0.0.7:7401""#),
            "advertise" => Some(r#""http://10.0.0.7:7401""#),
            "zone" => Some(r#""a""#),
            "etcd.endpoints" => Some(r#""http://10.0.0.3:2379, http://10.0.0.4:2379, http://10.0.0.5:2379""#),
            "etcd.username" | "nats.username" => Some(r#""quanyu""#),
            "etcd.ca_file" => Some(r#""/run/secrets/quanyu-etcd/ca.crt""#),
            "etcd.cert_file" => Some(r#""/run/secrets/quanyu-etcd/tls.crt""#),
            "etcd.key_file" => Some(r#""/run/secrets/quanyu-etcd/tls.key""#),
            "tls.cert_file" => Some(r#""/run/secrets/quanyu-tls/tls.crt""#),
            "tls.key_file" => Some(r#""/run/secrets/quanyu-tls/tls.key""#),
            "mesh_tls.ca_file" => Some(r#""/run/secrets/quanyu-mesh-tls/ca.crt""#),
            "mesh_tls.cert_file" => Some(r#""/run/secrets/quanyu-mesh-tls/tls.crt""#),
            "mesh_tls.key_file" => Some(r#""/run/secrets/quanyu-mesh-tls/tls.key""#),
            "etcd.password" => Some(r#""what etcdctl user add was told""#),
            "etcd.password_file" => Some(r#""/run/secrets/quanyu-etcd-password""#),
            "etcd.replicas_file" => Some(r#""data/points.replicas.json""#),
            "nats.credentials_file" => Some(r#""/run/secrets/quanyu.creds""#),
            "nats.password" | "nats.token" => Some(r#""what the configuration of NATS says""#),
            "nats.ca_file" => Some(r#""/run/secrets/nats-ca.pem""#),
            "nats.cert_file" => Some(r#""/run/secrets/quanyu-nats/tls.crt""#),
            "nats.key_file" => Some(r#""/run/secrets/quanyu-nats/tls.key""#),
            "gateway.issuers" => Some(
                r#"[{name = "corp", issuer = "https://id.example.com", audiences = ["quanyu"], jwks_url = "https://id.example.com/keys", tenant = "default"}]"#,
            ),
            "channels.allowed_networks" => Some(r#""10.1.0.0/16, fd12::/16""#),
            "telemetry.otlp_endpoint" => Some(r#""http://127.0.0.1:4317""#),
            _ => None,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check = |right: bool, setting: &str, message: &str| {
            if !right {
                problems.push(Problem::new(setting, message));
            }
        };
        check(!self.folder.as_os_str().is_empty(), "folder", "must name a folder");
        check(
            self.database_connections_max
                .is_none_or(|max| max >= connections::OF_ONE_MIN),
            "database_connections_max",
            "must be at least 2",
        );
        check(self.concurrency_max >= 1, "concurrency_max", "must be at least 1");
        check(
            Some(self.listen) != self.admin_listen,
            "admin_listen",
            "must be another address than listen",
        );
        for (setting, key) in [
            ("signing_key", &self.signing_key),
            ("signing_key_honoured", &self.signing_key_honoured),
        ] {
            check(
                key.as_ref()
                    .is_none_or(|key| key.expose().len() >= SIGNING_KEY_CHARACTERS_MIN),
                setting,
                "must have at least 32 characters: make one with `openssl rand -hex 32`",
            );
        }
        problems.extend(self.two_first_keys());
        if let Some(key) = &self.first_api_key
            && let Err(weak) = gateway::Secret::chosen(key.expose())
        {
            problems.push(Problem::new("first_api_key", weak.to_string()));
        }
        if let Some(url) = &self.database_url {
            let url = url.expose();
            // One file for all services is none that any of them could work with.
            let checked = match url.starts_with("postgres") {
                true => DbConfig::new(url).check(),
                false => {
                    Err("must begin with \"postgres://\"; for SQLite leave it out, and name the folder".to_owned())
                }
            };
            problems.extend(checked.err().map(|message| Problem::new("database_url", message)));
        }
        for (name, text) in &self.peers {
            if roles::role(name).is_none() {
                let message = match meant(name) {
                    Some(meant) => format!("is no service: did you mean peers.{meant}?"),
                    None => format!("is no service: {}", peers().collect::<Vec<_>>().join(", ")),
                };
                problems.push(Problem::new(format!("peers.{name}"), message));
            } else if let Err(wrong) = addresses(text) {
                let wrong = without_scheme(text, "http").unwrap_or_else(|| wrong.to_string());
                problems.push(Problem::new(format!("peers.{name}"), wrong));
            }
        }
        problems.extend(self.problems_of_etcd());
        let of_telemetry = self.telemetry.problems().into_iter().map(|(setting, message)| {
            let endpoint = self
                .telemetry
                .otlp_endpoint
                .as_deref()
                .filter(|_| setting == "otlp_endpoint");
            let message = endpoint
                .and_then(|endpoint| without_scheme(endpoint, "http"))
                .unwrap_or(message);
            Problem::new(format!("telemetry.{setting}"), message)
        });
        problems.extend(of_telemetry);
        problems.extend(self.problems_of_nats());
        problems.extend(self.problems_of_gateway());
        problems.extend(self.problems_of_channels());
        problems.extend(self.problems_of_certificates());
        problems
    }
}

impl Config {
    /// What playing a role needs besides: the key that its peers share, and where they are.
    pub fn problems_of_role(&self, role: &Role) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.signing_key.is_none() {
            problems.push(Problem::new(
                "signing_key",
                "must be set, to the same in every process of the platform",
            ));
        }
        if self.connections_of_one() < role.connections_min {
            problems.push(Problem::new(
                "database_connections_max",
                format!("must be at least {} for {}", role.connections_min, role.name),
            ));
        }
        problems.extend(self.problems_of_registration());
        problems.extend(self.problems_of_files(role));
        problems.extend(self.problems_of_nats_files());
        // Of a name that was misspelt is told already.
        let is_named = |peer: &str| self.peers.keys().any(|name| name == peer || meant(name) == Some(peer));
        let is_to_be_named = |peer: &&str| self.discovery != Discovery::Etcd && !is_named(peer);
        for peer in role.peers().filter(is_to_be_named) {
            problems.push(Problem::new(
                format!("peers.{peer}"),
                format!("must be set: {} works with it", role.name),
            ));
        }
        problems
    }

    fn two_first_keys(&self) -> Option<Problem> {
        let message = "is one too many beside first_api_key: set one of the two";
        let are_two = self.first_api_key.is_some() && self.first_api_key_file.is_some();
        are_two.then(|| Problem::new("first_api_key_file", message))
    }

    /// With which secret a new platform opens. One that is made needs somebody who is told it: a terminal, or a wish.
    pub fn first_secret(&self, is_terminal: bool) -> Result<FirstSecret, Problem> {
        if let Some(problem) = self.two_first_keys() {
            return Err(problem);
        }
        if let Some(file) = &self.first_api_key_file {
            let wrong = |message: String| Problem::new("first_api_key_file", format!("{}: {message}", file.display()));
            let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
            let secret = gateway::Secret::chosen(text.trim()).map_err(|weak| wrong(weak.to_string()))?;
            return Ok(FirstSecret::Chosen(secret));
        }
        if let Some(key) = &self.first_api_key {
            let secret = gateway::Secret::chosen(key.expose());
            let secret = secret.map_err(|weak| Problem::new("first_api_key", weak.to_string()))?;
            return Ok(FirstSecret::Chosen(secret));
        }
        Ok(if is_terminal || self.print_first_api_key {
            FirstSecret::Generated
        } else {
            FirstSecret::None
        })
    }

    /// Where a service keeps its rows, and by how many connections it goes there.
    pub fn database(&self, service: &str, connections_max: u32) -> DbConfig {
        match &self.database_url {
            Some(url) => DbConfig {
                connections_max,
                ..DbConfig::new(url.expose())
            },
            None => DbConfig {
                is_disposable: self.is_disposable,
                ..DbConfig::new(format!(
                    "sqlite:{}",
                    self.folder.join(format!("{service}.db")).display()
                ))
            },
        }
    }

    /// The peers' addresses. Those that are none were told by [`Settings::problems`].
    pub fn peer_addresses(&self) -> BTreeMap<String, BTreeSet<Address>> {
        let read = |(name, text): (&String, &String)| Some((name.clone(), addresses(text).ok()?));
        self.peers.iter().filter_map(read).collect()
    }

    /// How long calls under way may take to end.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// The services that may be a peer.
fn peers() -> impl Iterator<Item = &'static str> {
    roles::names().filter(|name| *name != gateway::NAME)
}

/// The peer that a misspelt name stands for.
fn meant(name: &str) -> Option<&'static str> {
    runtime::nearest(name, peers()).filter(|_| roles::role(name).is_none())
}

/// What is told of addresses that lack what they begin with, "localhost:7400", where nothing else is wrong with them.
fn without_scheme(text: &str, scheme: &str) -> Option<String> {
    let is_bare = |address: &&str| !address.is_empty() && !address.contains("://");
    let bare = text.split(',').map(str::trim).find(is_bare)?;
    let meant: Result<Address, NoAddress> = format!("http://{bare}").parse();
    meant
        .ok()
        .map(|_| format!("{bare} lacks its scheme: write {scheme}://{bare}"))
}

/// The addresses of one peer: one for each of its replicas.
fn addresses(text: &str) -> Result<BTreeSet<Address>, NoAddress> {
    text.split(',').map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_an_address_for_each_of_its_replicas_and_each_is_one() {
        let mut config = Config::default();
        let mut peers = |text: &str| {
            config.peers = BTreeMap::from([("points".to_owned(), text.to_owned())]);
            let told: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
            (config.peer_addresses().remove("points"), told)
        };
        let (found, told) = peers("http://10.0.0.7:7401, http://10.0.0.8:7401");
        let found: Vec<String> = found.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["http://10.0.0.7:7401", "http://10.0.0.8:7401"]);
        assert!(told.is_empty(), "{told:?}");
        for wrong in [
            "",
            "10.0.0.7:7401",
            "http://10.0.0.7:7401,",
            "http://10.0.0.7:7401;http://10.0.0.8:7401",
        ] {
            let (found, told) = peers(wrong);
            assert!(
                found.is_none() && told.len() == 1 && told[0].contains("peers.points"),
                "{wrong}: {told:?}"
            );
        }
    }

    #[test]
    fn an_address_without_its_scheme_is_told_how_it_is_written() {
        let text = "advertise = 'localhost:7401'\ndiscovery = 'etcd'\nfacts = 'jetstream'\npeers.points = 'http://a:1, points:7401'\n\
                    [etcd]\nendpoints = '10.0.0.3:2379'\n[nats]\nurls = 'nats:4222'\n[telemetry]\notlp_endpoint = 'localhost:4317'";
        let config: Config = toml::from_str(text).unwrap();
        let told: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
        for expected in [
            "advertise: localhost:7401 lacks its scheme: write http://localhost:7401",
            "peers.points: points:7401 lacks its scheme: write http://points:7401",
            "etcd.endpoints: 10.0.0.3:2379 lacks its scheme: write http://10.0.0.3:2379",
            "nats.urls: nats:4222 lacks its scheme: write nats://nats:4222",
            "telemetry.otlp_endpoint: localhost:4317 lacks its scheme: write http://localhost:4317",
        ] {
            assert!(told.iter().any(|told| told == expected), "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 5, "{told:#?}");
    }
}
