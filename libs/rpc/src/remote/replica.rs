//! One replica of a peer: its connections, how busy it is, and whether it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fault::Fault;
use http::{Request, Response};
use tokio::sync::Mutex;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceExt;

use super::outgoing::Outgoing;
use super::standing::Standing;
use crate::{Address, Transport, deadline};

/// Several connections, because one HTTP/2 connection is read and written by one task at a time.
const CONNECTIONS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection is tried, whether anybody calls or not: calls wait for one that has gone without a word.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// How long a connection may keep silent then. Longer than a busy machine takes: with it end all calls on it, and streams.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a replica that says nothing may take to say that it can work; with `silence::SILENCE` 200 ms.
const ASK_TIMEOUT: Duration = Duration::from_millis(150);
/// How long one may take that gets no calls anyway.
const LONG_ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// What a caller in plain text sees of a peer that takes callers over TLS alone, which is all by chance, or of one that has just
/// ended.
const CUT_OFF: [&str; 4] = ["connection closed", "invalid size", "broken pipe", "onnection reset"];
const OVER_TLS_ALONE: &str = "; a peer that has mesh_tls takes callers alone that have it too";

/// A replica. Connects when it is first called, and again whenever it has to.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Whose replica it is.
    name: Arc<str>,
    pub(crate) address: Address,
    connections: [Channel; CONNECTIONS],
    is_in_plain_text: bool,
    next: AtomicUsize,
    under_way: AtomicUsize,
    pub(super) standing: Standing,
    /// Held by the one who asks whether it can work, for all who wait for that.
    asking: Mutex<()>,
}

/// A call that came to nothing.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) fault: Fault,
    /// Whether the replica may have had it: then it takes its time twice when it is repeated.
    pub(super) was_sent: bool,
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
    /// One that gets calls at once.
    pub(crate) fn new(transport: &Transport, name: &Arc<str>, address: &Address) -> Self {
        Self::standing(transport, name, address, Standing::trusted())
    }

    /// One that has come beside others, and gets no calls before it has answered: that somebody has named its address does not
    /// mean that it can be reached there.
    pub(crate) fn unproved(transport: &Transport, name: &Arc<str>, address: &Address) -> Self {
        Self::standing(transport, name, address, Standing::unproved())
    }

    fn standing(transport: &Transport, name: &Arc<str>, address: &Address, standing: Standing) -> Self {
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
            connections: std::array::from_fn(|_| transport.open(&endpoint, name, address)),
            is_in_plain_text: matches!(transport, Transport::Plain),
            next: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            standing,
            asking: Mutex::default(),
        }
    }

    /// How many calls it works on.
    pub(crate) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Makes a call once.
    pub(super) async fn call(&self, request: Request<Body>) -> Result<Response<Body>, Missed> {
        let (parts, body) = request.into_parts();
        let (body, broke_off) = Outgoing::watched(body);
        let request = Request::from_parts(parts, body);
        let outcome = {
            let _under_way = UnderWay::begin(&self.under_way);
            self.connection().oneshot(request).await
        };
        match outcome {
            Ok(response) => {
                match Status::from_header_map(response.headers()) {
                    Some(status) if is_failure(status.code()) => self.fails(&status),
                    Some(_) | None => self.works(),
                }
                Ok(response)
            }
            Err(_) if broke_off.load(Ordering::Acquire) => Err(Missed {
                fault: Fault::broke_off(),
                was_sent: true,
            }),
            Err(error) => {
                let (fault, was_sent) = (self.fault(&error), !is_of_connecting(&error));
                self.is_found_unreachable(&fault);
                Err(Missed { fault, was_sent })
            }
        }
    }

    /// Asks it whether it can work, and notes what it says.
    pub(super) async fn ask(&self, timeout: Duration) -> Result<(), Fault> {
        let mut health = HealthClient::new(self.connection());
        let checking = health.check(HealthCheckRequest { service: String::new() });
        let (fault, answers) = match tokio::time::timeout(timeout, checking).await {
            Ok(Ok(answer)) => match answer.into_inner().status() {
                ServingStatus::Serving => {
                    self.is_back();
                    return Ok(());
                }
                ServingStatus::NotServing | ServingStatus::Unknown | ServingStatus::ServiceUnknown => {
                    (self.not_serving(), false)
                }
            },
            Ok(Err(status)) => match std::error::Error::source(&status) {
                Some(error) => (self.fault(error), false),
                // Its own word, although none on its health: who knows of no health check works as long as it answers.
                None => (self.unhealthy(status.message()), true),
            },
            // It is busy rather than silent: it has answered others meanwhile.
            Err(_) if self.standing.is_heard_within(timeout) => return Err(self.silent()),
            Err(_) => (self.unhealthy(&format!("no answer within {timeout:?}")), false),
        };
        match answers {
            true => self.is_back(),
            false => self.is_found_unreachable(&fault),
        }
        Err(fault)
    }

    /// The same of one that gets no calls, for as long as that takes.
    pub(super) async fn ask_for_long(&self) {
        // What it says is noted.
        let _ = self.ask(LONG_ASK_TIMEOUT).await;
    }

    /// The same of one that has said nothing for this long; by one of all who wait for that.
    pub(super) async fn ask_whether_it_lives(&self, silence: Duration) {
        let _one = self.asking.lock().await;
        if !self.standing.is_unreachable() && !self.standing.is_heard_within(silence) {
            let _ = self.ask(ASK_TIMEOUT).await;
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
        let cause = cause(&chain);
        let is_cut_off = self.is_in_plain_text && CUT_OFF.iter().any(|words| cause.contains(words));
        let hint = if is_cut_off { OVER_TLS_ALONE } else { "" };
        super::away(&self.name).inside(format!("{self} cannot be reached: {cause}{hint}"))
    }

    /// A health check that was not answered.
    fn unhealthy(&self, told: &str) -> Fault {
        super::away(&self.name).inside(format!("{self} does not answer: {told}"))
    }

    /// It answers, and says that it cannot work.
    fn not_serving(&self) -> Fault {
        Fault::unavailable(format!("the service {} is not ready: repeat later", self.name))
            .inside(format!("{self} answers, but is not ready: its own /readyz says why"))
    }

    /// What callers are told of a call that it has and does not answer.
    pub(super) fn silent(&self) -> Fault {
        self.unhealthy("it has fallen silent")
    }

    fn works(&self) {
        if self.standing.works() {
            self.tell_that_it_is_back();
        }
    }

    fn is_back(&self) {
        if self.standing.is_back() {
            self.tell_that_it_is_back();
        }
    }

    fn tell_that_it_is_back(&self) {
        tracing::info!(peer = &*self.name, "{self} answers, and gets calls");
    }

    fn fails(&self, status: &Status) {
        if let Some(ejection) = self.standing.fails() {
            let code = status.code();
            tracing::warn!(
                peer = &*self.name,
                "{self} fails one call after the other ({code}): others get its calls for {ejection:?}, where there are any"
            );
        }
    }

    fn is_found_unreachable(&self, fault: &Fault) {
        if matches!(fault, Fault::Unavailable { .. }) && self.standing.is_found_unreachable() {
            tracing::warn!(peer = &*self.name, "{fault}");
        }
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

/// Whether a status says that the replica is at fault, rather than the caller or many callers at once.
const fn is_failure(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::Internal | Code::Unknown | Code::DataLoss
    )
}

/// Whether nothing was sent, for there was no connection.
fn is_of_connecting(error: &tonic::transport::Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).any(<dyn std::error::Error>::is::<tonic::ConnectError>)
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
            std::io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
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
