//! Every role in a process of its own, as in production.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fault::Fault;
use gateway::FirstSecret;
use http::{HeaderValue, Uri};
use kernel::{Clock, Principal, PrincipalKind, Scopes, Tenant};
use rpc::{Channel, Signer};
use store::{Db, DbConfig};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::process;

const ROLES: [&str; 7] = [
    "identity", "points", "rights", "tagging", "campaign", "channels", "gateway",
];
/// Shared by the processes and by the bench, which calls the services past the gateway.
const SIGNING_KEY: &str = "a key for measuring, of no use elsewhere";
/// How often a process is asked whether it is there: every 50 ms.
const TRIES_MAX: usize = 400;

/// Running processes; they end with it.
pub(crate) struct Fleet {
    addresses: BTreeMap<&'static str, SocketAddr>,
    api_key: String,
    tenant: Tenant,
    database_url: Option<String>,
    processes: BTreeMap<&'static str, Child>,
    folder: TempDir,
}

impl Fleet {
    pub(crate) async fn start(binary: &Path, database_url: Option<&str>) -> Result<Self, Fault> {
        let folder = tempfile::tempdir().map_err(Fault::internal)?;
        let mut addresses = BTreeMap::new();
        for role in known(binary).await? {
            // Bound and let go again: the process takes it over.
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Fault::internal)?;
            addresses.insert(role, listener.local_addr().map_err(Fault::internal)?);
        }
        // The first key, which the gateway would only print.
        let config = config(database_url, &folder, "gateway");
        let db = Db::open(&config, gateway::NAME, gateway::migrations()).await?;
        let begun = gateway::bootstrap(&db, &Clock::system(), FirstSecret::Generated).await?;
        let first = begun.first_key().cloned();
        let first = first.ok_or_else(|| Fault::internal("the database is not empty: name another one"))?;
        db.close().await?;

        let mut processes = BTreeMap::new();
        for (role, address) in &addresses {
            let mut command = Command::new(binary);
            command
                .args(["serve", role, "--listen", &address.to_string(), "--folder"])
                .arg(folder.path());
            command.env("QUANYU_SIGNING_KEY", SIGNING_KEY);
            if let Some(url) = database_url {
                command.env("QUANYU_DATABASE_URL", url);
            }
            for (peer, address) in addresses.iter().filter(|(peer, _)| **peer != "gateway") {
                command.env(
                    format!("QUANYU_PEERS__{}", peer.to_uppercase()),
                    format!("http://{address}"),
                );
            }
            command.stdout(Stdio::null()).kill_on_drop(true);
            let process = command.spawn().map_err(Fault::internal)?;
            processes.insert(*role, process);
        }
        for (role, address) in &addresses {
            wait_for(role, *address).await?;
        }
        let (api_key, tenant) = (first.secret.reveal().to_owned(), first.tenant);
        Ok(Self {
            addresses,
            api_key,
            tenant,
            database_url: database_url.map(str::to_owned),
            processes,
            folder,
        })
    }

    /// Straight to a service, as a key that may do everything.
    pub(crate) fn direct(&self, role: &str) -> Result<Route, Fault> {
        Ok(Route {
            channel: self.channel(role)?.with_principal(self.principal()?),
            api_key: None,
            deadline: None,
        })
    }

    /// The signed word of the gateway for a key that may do everything.
    pub(crate) fn principal(&self) -> Result<HeaderValue, Fault> {
        let principal = Principal {
            tenant: self.tenant,
            subject: "bench".to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            kind: PrincipalKind::Key,
        };
        Signer::new(SIGNING_KEY.as_bytes()).sign(&principal)
    }

    /// Through the gateway.
    pub(crate) fn gateway(&self) -> Result<Route, Fault> {
        let api_key = format!("Bearer {}", self.api_key).parse().map_err(Fault::internal)?;
        Ok(Route {
            channel: self.channel("gateway")?,
            api_key: Some(api_key),
            deadline: None,
        })
    }

    pub(crate) fn database(&self) -> &'static str {
        match self.database_url {
            Some(_) => "PostgreSQL",
            None => "SQLite",
        }
    }

    /// The database of a role, as its process has it.
    pub(crate) fn database_of(&self, role: &str) -> DbConfig {
        config(self.database_url.as_deref(), &self.folder, role)
    }

    pub(crate) fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// Where a role listens.
    pub(crate) fn address(&self, role: &str) -> Result<SocketAddr, Fault> {
        let address = self.addresses.get(role).copied();
        address.ok_or_else(|| Fault::internal("no such role"))
    }

    /// The key of the gateway's first caller.
    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The number of a role's process.
    pub(crate) fn process(&self, role: &str) -> Result<u32, Fault> {
        let process = self.processes.get(role).and_then(Child::id);
        process.ok_or_else(|| Fault::internal(format!("{role} does not run any more")))
    }

    /// How long all of them have been at work on processors.
    pub(crate) fn cpu(&self) -> Result<Duration, Fault> {
        let of_each = self.processes.keys().map(|role| process::cpu(self.process(role)?));
        of_each.sum()
    }

    fn channel(&self, role: &str) -> Result<Channel, Fault> {
        let address: Uri = format!("http://{}", self.address(role)?)
            .parse()
            .map_err(Fault::internal)?;
        Ok(Channel::remote(role, &contracts_all::CONTRACT, &address))
    }
}

fn config(database_url: Option<&str>, folder: &TempDir, role: &str) -> DbConfig {
    match database_url {
        Some(url) => DbConfig::new(url),
        None => DbConfig::new(format!("sqlite:{}", folder.path().join(format!("{role}.db")).display())),
    }
}

/// A way to a method.
#[derive(Clone)]
pub(crate) struct Route {
    channel: Channel,
    api_key: Option<tonic::metadata::MetadataValue<tonic::metadata::Ascii>>,
    deadline: Option<Duration>,
}

impl Route {
    /// For a generated client.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The same, whose callers wait no longer for an answer.
    pub(crate) fn within(self, deadline: Duration) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// A request that carries the key, where one is needed.
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        if let Some(api_key) = &self.api_key {
            request.metadata_mut().insert("authorization", api_key.clone());
        }
        if let Some(deadline) = self.deadline {
            request.set_timeout(deadline);
        }
        request
    }
}

/// The roles that a build has: one of before may lack the newest.
async fn known(binary: &Path) -> Result<impl Iterator<Item = &'static str>, Fault> {
    let help = Command::new(binary).args(["serve", "--help"]).output().await;
    let help = help.map_err(|error| {
        Fault::internal(format!(
            "{} cannot be started: {error}; build it with cargo build --release",
            binary.display()
        ))
    })?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    Ok(ROLES.into_iter().filter(move |role| help.contains(role)))
}

pub(crate) async fn wait_for(role: &str, address: SocketAddr) -> Result<(), Fault> {
    for _ in 0..TRIES_MAX {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        kernel::pause(Duration::from_millis(50)).await;
    }
    Err(Fault::unavailable(format!("{role} does not listen at {address}")))
}
