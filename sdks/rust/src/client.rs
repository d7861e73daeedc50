use std::time::Duration;

use tonic::transport::{Endpoint, Uri};

use crate::call::Calls;
use crate::error::Error;
use crate::key::Key;
use crate::tls::{self, Tls};

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A connection that says nothing for so long while calls wait is asked whether it is still there ...
const PING_AFTER: Duration = Duration::from_secs(2);
/// ... and given up where it does not answer in so long: the calls go on over a new one.
const PING_ANSWER_MAX: Duration = Duration::from_secs(2);

/// How a client calls.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a call may take with all its attempts, where it does not say itself: 10 seconds.
    pub deadline: Duration,
    /// Whether calls are repeated.
    pub retries: bool,
    /// How `https://` is spoken.
    pub tls: Tls,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            retries: true,
            tls: Tls::default(),
        }
    }
}

/// A client of one platform. It keeps one connection for all calls, which may be many at a time: make one, and clone it.
///
/// ```ignore
/// let quanyu = Client::new("https://quanyu.example.com", key)?;
/// let answer = quanyu.points().get_balance(request).await?;
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) calls: Calls,
}

impl Client {
    /// A client of the platform at `http://host:port` or `https://host`. It connects with the first call, and again when the
    /// connection is lost. To be made within a runtime of tokio.
    pub fn new(address: &str, key: impl Into<Key>) -> Result<Self, Error> {
        Self::with(address, key, Options::default())
    }

    /// The same, called as the options say.
    pub fn with(address: &str, key: impl Into<Key>, options: Options) -> Result<Self, Error> {
        let wrong = || {
            Error::mistake(format!(
                "{address} is no address: write http:// or https://, the host and perhaps a port"
            ))
        };
        let uri: Uri = address.parse().map_err(|_| wrong())?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !address.contains('@');
        if !is_bare {
            return Err(wrong());
        }
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        // Of what is called over TLS the scheme is told apart: the endpoint connects by our own means.
        let endpoint = Endpoint::from_shared(format!("http://{host}:{port}"))
            .map_err(|_| wrong())?
            .origin(uri)
            .user_agent(concat!("quanyu-rust/", env!("CARGO_PKG_VERSION")))
            .map_err(|_| wrong())?
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_MAX)
            .http2_keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_ANSWER_MAX);
        let channel = match is_secure {
            true => tls::channel(&endpoint, &options.tls, host, port)?,
            false => endpoint.connect_lazy(),
        };
        let key = key.into().shown().map_err(|status| Error::of(status, "", 0))?;
        Ok(Self {
            calls: Calls::new(channel, key, options.deadline, options.retries),
        })
    }
}
