//! One node of etcd at a time: a client over several keeps sending to one that has died.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Channel, Client, ConnectOptions, Error};
use http::Uri;
use hyper_util::rt::TokioIo;
use kernel::Clock;
use rpc::{Address, NoAddress};
use tls::{Connector, ServerName};
use tonic::transport::Endpoint;
use tower::service_fn;

use super::EtcdConfig;

/// How long one request may take before another node is asked.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection over which nothing is said is looked at.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Why etcd is not spoken with.
#[derive(Debug, Clone)]
pub(super) struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Opens sessions with the nodes in turn.
pub(super) struct Sessions {
    config: Arc<EtcdConfig>,
    turn: usize,
}

/// A client of one node.
pub(super) struct Session {
    pub(super) client: Client,
    endpoint: String,
}

impl Sessions {
    /// Begins with any of them, so that not all processes are at the same.
    pub(super) fn new(config: Arc<EtcdConfig>) -> Self {
        let turn = usize::from(Clock::system().uuid().as_bytes()[15]);
        Self { config, turn }
    }

    /// A session with the next node.
    pub(super) async fn open(&mut self) -> Result<Session, Trouble> {
        let endpoints = &self.config.endpoints;
        let at = self.turn.checked_rem(endpoints.len()).unwrap_or(0);
        self.turn = self.turn.wrapping_add(1);
        let endpoint = endpoints.get(at).cloned().unwrap_or_default();
        // A node that no longer sees the others must say so: without a leader it would be silent for ever.
        let mut options = ConnectOptions::new()
            .with_require_leader(true)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_keep_alive(KEEP_ALIVE, KEEP_ALIVE)
            .with_auto_token_refresh(true);
        if let Some((user, password)) = &self.config.user {
            options = options.with_user(user, password);
        }
        let client = match &self.config.tls {
            None => within(&endpoint, Box::pin(Client::connect([endpoint.clone()], Some(options)))).await?,
            Some(connector) => {
                let channel = over_tls(connector, &endpoint)?;
                within(&endpoint, Box::pin(Client::from_channel(channel, Some(options)))).await?
            }
        };
        let client = client.map_err(|error| trouble(&endpoint, &error))?;
        Ok(Session { client, endpoint })
    }
}

/// A node's channel over connections that show what the files of today hold; the client's own TLS would keep the first ones.
fn over_tls(connector: &Connector, endpoint: &str) -> Result<Channel, Trouble> {
    let wrong = |error: &dyn fmt::Display| Trouble(format!("etcd at {endpoint}: {error}"));
    let address: Address = endpoint.parse().map_err(|error: NoAddress| wrong(&error))?;
    let name = ServerName::try_from(address.host().to_owned()).map_err(|error| wrong(&error))?;
    let connector = connector.clone();
    let settings = Endpoint::from(address.uri().clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let channel = settings.connect_with_connector_lazy(service_fn(move |_: Uri| {
        let (connector, name, address) = (connector.clone(), name.clone(), address.clone());
        async move {
            let opened = connector.open(name, address.host(), address.port()).await;
            opened.map(TokioIo::new)
        }
    }));
    Ok(Channel::Tonic(channel))
}

impl Session {
    /// What a request is answered, in time; an error of etcd is the caller's to judge.
    pub(super) async fn answer<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, Trouble> {
        within(&self.endpoint, request).await
    }

    /// The same, where every error is trouble.
    pub(super) async fn good<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        self.answer(request).await?.map_err(|error| self.trouble(&error))
    }

    /// An error as it is told.
    pub(super) fn trouble(&self, error: &Error) -> Trouble {
        trouble(&self.endpoint, error)
    }

    /// A stream that was ended by the other side.
    pub(super) fn ended(&self) -> Trouble {
        Trouble(format!("etcd at {} has ended what it told", self.endpoint))
    }
}

async fn within<T>(endpoint: &str, work: impl Future<Output = T>) -> Result<T, Trouble> {
    let outcome = tokio::time::timeout(REQUEST_TIMEOUT, work).await;
    outcome.map_err(|_| Trouble(format!("etcd at {endpoint} does not answer within {REQUEST_TIMEOUT:?}")))
}

fn trouble(endpoint: &str, error: &Error) -> Trouble {
    let told = match error {
        Error::GRpcStatus(status) => status.message().to_owned(),
        other => other.to_string(),
    };
    Trouble(format!("etcd at {endpoint}: {told}"))
}
