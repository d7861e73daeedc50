use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fault::{Fault, PEER_HEADER};
use http::{HeaderValue, Request, Response, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tower::ServiceExt;

use crate::{deadline, repeat};

/// Several connections, because one HTTP/2 connection is read and written by one task at a time.
const CONNECTIONS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The pause before a call is repeated that met a peer on its restart; it doubles each time.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long a peer may take to restart. One that is away for longer is not waited for: its callers would fill this process.
pub(crate) const RESTART_MAX: Duration = Duration::from_secs(10);
/// How many calls may wait for a peer at once; the next one is told at once that it is away.
const WAITING_MAX: usize = 256;

/// A peer in another process. Connects when it is first called, and again whenever it has to.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    name: Arc<str>,
    /// For people.
    address: Arc<str>,
    connections: Arc<[tonic::transport::Channel]>,
    next: Arc<AtomicUsize>,
    /// Since when nobody has got through.
    away: Arc<Mutex<Option<Instant>>>,
    waiting: Arc<Semaphore>,
}

impl Remote {
    pub(crate) fn new(name: &str, address: &Uri) -> Self {
        let endpoint = Endpoint::from(address.clone())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true);
        let connections = (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect();
        Self {
            name: name.into(),
            address: address.to_string().trim_end_matches('/').into(),
            connections,
            next: Arc::default(),
            away: Arc::default(),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// Makes a call; one that may be repeated again and again, while the peer restarts and `patience` lasts.
    pub(crate) async fn carry(
        &self,
        request: Request<Body>,
        patience: Option<Duration>,
    ) -> Result<Response<Body>, Status> {
        let Some(patience) = patience.filter(|_| repeat::may_be(request.uri().path())) else {
            return Ok(self.attempt(request).await?);
        };
        let (parts, body) = request.into_parts();
        let kept = repeat::read(body).await?;
        let give_up = Instant::now().checked_add(patience);
        let mut pause = PAUSE;
        let mut place: Option<OwnedSemaphorePermit> = None;
        loop {
            let Some(body) = kept.again() else {
                return Ok(self.attempt(Request::from_parts(parts, Body::new(kept))).await?);
            };
            let fault = match self.attempt(Request::from_parts(parts.clone(), body)).await {
                Ok(response) => match repeat::settled(response).await {
                    Ok(response) => return Ok(response),
                    Err(broken) => self.fault(&*broken),
                },
                Err(fault) => fault,
            };
            let is_in_time = Instant::now().checked_add(pause) < give_up;
            if !is_in_time || !matches!(fault, Fault::Unavailable { .. }) || self.is_away_for_long() {
                return Err(fault.into());
            }
            if place.is_none() {
                place = self.waiting.clone().try_acquire_owned().ok();
            }
            if place.is_none() {
                return Err(fault.into());
            }
            tracing::debug!(peer = &*self.name, %fault, ?pause, "a call is repeated");
            kernel::pause(pause).await;
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    /// A health check that was not answered.
    pub(crate) fn unhealthy(&self, status: Status) -> Fault {
        let told = format!(
            "{} at {} does not answer: {}",
            self.name,
            self.address,
            status.message()
        );
        match Fault::from_peer(status) {
            // The way there knows better.
            fault @ Fault::Unavailable { inside: Some(_), .. } if fault.to_string().starts_with(&*self.name) => fault,
            _ => self.away().inside(told),
        }
    }

    /// What callers are told of it: its name, and that they may come again.
    fn away(&self) -> Fault {
        Fault::unavailable(format!(
            "the service {} cannot be reached: repeat later, a write with the same request id to learn its outcome",
            self.name
        ))
    }

    /// A peer that answers, and says that it cannot work.
    pub(crate) fn not_serving(&self) -> Fault {
        Fault::unavailable(format!("the service {} is not ready: repeat later", self.name)).inside(format!(
            "{} at {} answers, but is not ready: its own /readyz says why",
            self.name, self.address
        ))
    }

    async fn attempt(&self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let outcome = self.connection().oneshot(request).await;
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(mut response) => {
                if response.headers().contains_key("grpc-status")
                    && let Ok(name) = HeaderValue::from_str(&self.name)
                {
                    response.headers_mut().insert(PEER_HEADER, name);
                }
                if away.take().is_some() {
                    tracing::warn!(peer = &*self.name, "{} at {} answers again", self.name, self.address);
                }
                Ok(response)
            }
            Err(error) => {
                let fault = self.fault(&error);
                if away.is_none() {
                    *away = Some(Instant::now());
                    tracing::warn!(peer = &*self.name, "{fault}");
                }
                Err(fault)
            }
        }
    }

    fn is_away_for_long(&self) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|since| since.elapsed() > RESTART_MAX)
    }

    /// The connection whose turn it is.
    fn connection(&self) -> tonic::transport::Channel {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.connections[turn.checked_rem(self.connections.len()).unwrap_or(0)].clone()
    }

    /// Trouble on the way, with who cannot be reached and why.
    fn fault(&self, error: &(dyn std::error::Error + 'static)) -> Fault {
        let chain: Vec<&(dyn std::error::Error + 'static)> =
            std::iter::successors(Some(error), |error| error.source()).collect();
        // The transport reads the deadline from the header too, and may be a moment earlier than we are.
        if chain.iter().any(|error| error.is::<tonic::TimeoutExpired>()) {
            return deadline::passed();
        }
        let cause = cause(&chain);
        let told = format!("{} at {} cannot be reached: {cause}", self.name, self.address);
        self.away().inside(told)
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
