//! One replica of a peer: its connections, how busy it is, and whether it is away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fault::Fault;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;

use crate::{Address, deadline};

/// Several connections, because one HTTP/2 connection is read and written by one task at a time.
const CONNECTIONS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may be silent before it is asked whether anybody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long the answer to that may take. A machine that accepts connections for a process that hangs costs a call the two
/// together, not its whole deadline; a replica that is only busy answers within milliseconds, whatever its calls wait for.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a replica that was found away is left alone before it is asked whether it is back.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// A replica. Connects when it is first called, and again whenever it has to.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Whose replica it is.
    name: Arc<str>,
    pub(crate) address: Address,
    connections: [Channel; CONNECTIONS],
    next: AtomicUsize,
    under_way: AtomicUsize,
    away: Mutex<Option<Away>>,
}

#[derive(Debug, Clone, Copy)]
struct Away {
    /// When somebody asks again.
    ask_again: Instant,
}

/// A call that a replica works on, until its answer has begun.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Replica {
    pub(crate) fn new(name: &Arc<str>, address: &Address) -> Self {
        let endpoint = Endpoint::from(address.uri().clone())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true);
        Self {
            name: name.clone(),
            address: address.clone(),
            connections: std::array::from_fn(|_| endpoint.connect_lazy()),
            next: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            away: Mutex::default(),
        }
    }

    /// How many calls it works on.
    pub(crate) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Whether nobody got through to it the last time.
    pub(crate) fn is_away(&self) -> bool {
        self.away().is_some()
    }

    /// Whether it is time to ask a replica that was away; true once in a while.
    pub(crate) fn is_to_be_asked(&self) -> bool {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match &mut *away {
            Some(away) if away.ask_again <= now => {
                away.ask_again = now.checked_add(AWAY_PAUSE).unwrap_or(now);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Makes a call once.
    pub(crate) async fn call(&self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let outcome = {
            let _under_way = UnderWay::begin(&self.under_way);
            self.connection().oneshot(request).await
        };
        match outcome {
            Ok(response) => {
                self.answers();
                Ok(response)
            }
            Err(error) => {
                let fault = self.fault(&error);
                self.is_found_away(&fault);
                Err(fault)
            }
        }
    }

    /// Trouble on the way, with who cannot be reached and why.
    pub(crate) fn fault(&self, error: &(dyn std::error::Error + 'static)) -> Fault {
        let chain: Vec<&(dyn std::error::Error + 'static)> =
            std::iter::successors(Some(error), |error| error.source()).collect();
        // The transport reads the deadline from the header too, and may be a moment earlier than we are.
        if chain.iter().any(|error| error.is::<tonic::TimeoutExpired>()) {
            return deadline::passed();
        }
        super::away(&self.name).inside(format!("{self} cannot be reached: {}", cause(&chain)))
    }

    /// A health check that was not answered.
    pub(crate) fn unhealthy(&self, status: Status) -> Fault {
        let told = format!("{self} does not answer: {}", status.message());
        match Fault::from_peer(status) {
            // The way there knows better.
            fault @ Fault::Unavailable { inside: Some(_), .. } if fault.to_string().starts_with(&*self.name) => fault,
            _ => super::away(&self.name).inside(told),
        }
    }

    /// It answers, and says that it cannot work.
    pub(crate) fn not_serving(&self) -> Fault {
        Fault::unavailable(format!("the service {} is not ready: repeat later", self.name))
            .inside(format!("{self} answers, but is not ready: its own /readyz says why"))
    }

    fn answers(&self) {
        if self
            .away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
        {
            tracing::warn!(peer = &*self.name, "{self} answers again");
        }
    }

    fn is_found_away(&self, fault: &Fault) {
        if !matches!(fault, Fault::Unavailable { .. }) {
            return;
        }
        let now = Instant::now();
        let ask_again = now.checked_add(AWAY_PAUSE).unwrap_or(now);
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if away.replace(Away { ask_again }).is_none() {
            tracing::warn!(peer = &*self.name, "{fault}");
        }
    }

    fn away(&self) -> Option<Away> {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection whose turn it is.
    fn connection(&self) -> Channel {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.connections[turn.checked_rem(CONNECTIONS).unwrap_or(0)].clone()
    }
}

impl std::fmt::Display for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// What an operator can do something about: the operating system's own words, where it has any.
fn cause(chain: &[&(dyn std::error::Error + 'static)]) -> String {
    let of_system = chain
        .iter()
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .filter(|error| error.kind() != std::io::ErrorKind::Other || error.to_string().contains("lookup address"));
    if let Some(error) = of_system {
        return match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            std::io::ErrorKind::TimedOut => format!("timeout: {error}"),
            _ if error.to_string().contains("lookup address") => format!("unknown host: {error}"),
            _ => error.to_string(),
        };
    }
    let words: Vec<String> = chain.iter().map(ToString::to_string).collect();
    match words.last().map(String::as_str) {
        Some("deadline has elapsed") => format!("timeout: no connection within {CONNECT_TIMEOUT:?}"),
        // The outermost says no more than that it is the transport's.
        Some(_) if words.len() > 1 => words.get(1..).unwrap_or_default().join(": "),
        Some(last) => last.to_owned(),
        None => "for no known cause".to_owned(),
    }
}
