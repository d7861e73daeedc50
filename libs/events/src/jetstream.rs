//! Facts over NATS JetStream: published from the outbox of each service, read by durable pull consumers.
//!
//! There is a stream for each service, and in it a fact's sequence is its position in the outbox: the stream begins with the
//! position of its first fact, and each fact is published under the condition that the one before is the last. So the server
//! itself refuses whatever would double a fact, skip one or change their order, and where the publisher stands is known from
//! the stream alone.
//!
//! A stream is a window that may be lost. The outbox stays the truth: what a stream does not hold whole is read from the feed of
//! the service, and so is everything while NATS is away. `docs/decisions/0020` tells what else was considered.

mod names;
mod publisher;
mod reading;
mod source;
mod standing;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use fault::Fault;
use runtime::{Facts, Source, Worker};
use store::Db;

use self::names::Names;
pub use self::names::{is_nats_url, is_platform_name};
use self::publisher::Publisher;
use self::source::{Feeds, JetStreamSource};
use self::standing::Standings;
pub use self::standing::{JetStreamStanding, Way};
pub use self::window::Window;

/// How long the server may take to answer one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take, and how often a silent connection is asked for a sign of life.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const PING_EVERY: Duration = Duration::from_secs(5);
/// The longest pause before it is connected again.
const RECONNECT_MAX: Duration = Duration::from_secs(1);
const RECONNECT_STEP: Duration = Duration::from_millis(50);

/// How NATS is reached, and what the streams are.
#[derive(Debug, Clone)]
pub struct JetStreamConfig {
    /// The addresses of its servers: `nats://10.0.0.3:4222`, or `tls://`.
    pub urls: Vec<String>,
    /// What this process is called there.
    pub process: String,
    /// One for each platform that shares the servers.
    pub platform: String,
    /// Who the process is there.
    pub login: Login,
    /// Who signs the servers' certificates, in place of the authorities that the machine trusts; with it connections are always
    /// encrypted.
    pub ca_file: Option<PathBuf>,
    /// The certificate of this process and its key, where the servers ask for one.
    pub own_files: Option<[PathBuf; 2]>,
    /// On how many servers each stream is kept.
    pub replicas: usize,
    /// For how long a stream keeps a fact.
    pub max_age: Duration,
}

/// By what NATS knows a process.
#[derive(Debug, Clone)]
pub enum Login {
    /// It asks for nothing.
    Nobody,
    /// A file with a token and a key, as `nsc` writes it.
    Credentials(PathBuf),
    /// A user's name and password.
    User(String, String),
    /// A token.
    Token(String),
}

/// The connection of a process to NATS. Clones are the same one.
#[derive(Debug, Clone)]
pub struct JetStream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    context: Context,
    names: Names,
    replicas: usize,
    max_age: Duration,
    standings: Arc<Standings>,
}

impl JetStream {
    /// Connects, and connects again whenever the connection is lost. A server that is away is not waited for.
    pub async fn start(config: JetStreamConfig) -> Result<Self, Fault> {
        let urls: Result<Vec<ServerAddr>, _> = config.urls.iter().map(|url| url.parse()).collect();
        let urls = urls.map_err(|error| Fault::invalid("nats.urls", error.to_string()))?;
        let options = ConnectOptions::new()
            .name(&config.process)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(pause_before)
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .ping_interval(PING_EVERY);
        let options = match config.login {
            Login::Nobody => options,
            Login::Credentials(file) => options
                .credentials_file(&file)
                .await
                .map_err(|error| Fault::invalid("nats.credentials_file", format!("{}: {error}", file.display())))?,
            Login::User(name, password) => options.user_and_password(name, password),
            Login::Token(token) => options.token(token),
        };
        let options = match config.ca_file {
            Some(file) => options.add_root_certificates(file).require_tls(true),
            None => options,
        };
        let options = match config.own_files {
            Some([cert, key]) => options.add_client_certificate(cert, key).require_tls(true),
            None => options,
        };
        let standings = Arc::<Standings>::default();
        let noting = standings.clone();
        let options = options.event_callback(move |event| {
            match event {
                Event::Connected => noting.connecting(None),
                Event::ClientError(error) => noting.connecting(Some(error.to_string())),
                Event::ServerError(error) => noting.connecting(Some(error.to_string())),
                _ => {}
            }
            std::future::ready(())
        });
        let client = options.connect(urls).await;
        let client = client.map_err(|error| Fault::unavailable(format!("NATS cannot be connected to: {error}")))?;
        Ok(Self(Arc::new(Inner {
            context: jetstream::ContextBuilder::new()
                .timeout(REQUEST_TIMEOUT)
                .build(client.clone()),
            client,
            names: Names::of(&config.platform),
            replicas: config.replicas,
            max_age: config.max_age,
            standings,
        })))
    }

    /// The way of facts over it, and by `feed` where a stream does not hold them.
    pub fn facts(&self, feed: Arc<dyn Facts>) -> JetStreamFacts {
        JetStreamFacts {
            nats: self.clone(),
            feed,
        }
    }

    /// The worker that publishes the facts of a service, whose database this is.
    pub fn publisher(&self, service: &str, db: &Db) -> Box<dyn Worker> {
        Box::new(Publisher::new(self.clone(), service, db.clone()))
    }

    /// How it stands, as far as this process has seen.
    pub fn standing(&self) -> JetStreamStanding {
        self.0.standings.read(self.is_connected())
    }

    /// What the server holds of a service's facts; none where there is no stream of them.
    pub async fn window(&self, service: &str) -> Result<Option<Window>, Fault> {
        Window::of(self, service).await
    }

    /// Waits until it is connected, for so long at the most; answers whether it is.
    pub async fn connected_within(&self, patience: Duration) -> bool {
        // An answer to a ping: whatever was sent before it has arrived.
        let answered = tokio::time::timeout(patience, self.0.client.flush()).await;
        answered.is_ok() && self.is_connected()
    }

    fn is_connected(&self) -> bool {
        self.0.client.connection_state() == State::Connected
    }

    fn names(&self) -> &Names {
        &self.0.names
    }

    fn standings(&self) -> &Standings {
        &self.0.standings
    }
}

/// Before which it is connected for the n-th time.
fn pause_before(attempt: usize) -> Duration {
    let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
    RECONNECT_STEP.saturating_mul(attempt).min(RECONNECT_MAX)
}

/// What NATS says of trouble, for operators.
fn trouble(what: &str, error: impl std::fmt::Display) -> Fault {
    Fault::unavailable(format!("NATS: {what}: {error}"))
}

/// The facts of services in other processes, read from their streams, and from their feeds where those have gaps.
pub struct JetStreamFacts {
    nats: JetStream,
    feed: Arc<dyn Facts>,
}

impl Facts for JetStreamFacts {
    fn source(&self, consumer: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
        let feeds = Feeds {
            wanted: self.feed.source(consumer, stream, kinds),
            all: self.feed.source(consumer, stream, &[]),
        };
        Box::new(JetStreamSource::new(self.nats.clone(), consumer, stream, kinds, feeds))
    }
}
