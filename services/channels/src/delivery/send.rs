//! The way of a delivery to its receiver: bounded in time, in the size of the answer and in where it may lead.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fault::Fault;
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::{Clock, Time};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::Attempt;
use super::pace::UNDER_WAY_MAX;
use super::signature::signatures;
use crate::guard::resolver::{Names, Resolver};
use crate::guard::{Guard, Wire};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a try may take as a whole, the answer's body among it.
pub(crate) const WHOLE_TIMEOUT: Duration = Duration::from_secs(15);
/// For how long a connection is kept that is not in use.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How much of it is kept.
const ANSWER_CHARS_MAX: usize = 512;
/// Who asks.
const AGENT: &str = concat!("Quanyu-Webhooks/", env!("CARGO_PKG_VERSION"));

/// Sends deliveries.
#[derive(Clone)]
pub(crate) struct Sender {
    clock: Clock,
    tls: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    plain: Client<HttpConnector<Resolver>, Full<Bytes>>,
    tls_resolver: Resolver,
    plain_resolver: Resolver,
    whole: Duration,
}

/// What is sent.
pub(crate) struct Parcel {
    pub(crate) target: Arc<Url>,
    /// The secrets that are valid.
    pub(crate) secrets: Arc<Vec<Vec<u8>>>,
    /// The same at each try.
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
}

impl Sender {
    pub(crate) fn new(clock: &Clock, guard: Guard, names: Arc<dyn Names>, whole: Duration) -> Self {
        let guard = Arc::new(guard);
        let resolver = |wire| Resolver::new(Arc::clone(&names), Arc::clone(&guard), wire);
        let (tls_resolver, plain_resolver) = (resolver(Wire::Tls), resolver(Wire::Plain));
        let connector = |resolver: &Resolver| {
            let mut connector = HttpConnector::new_with_resolver(resolver.clone());
            connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
            connector.set_nodelay(true);
            connector.enforce_http(false);
            connector
        };
        let builder = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_MAX)
                .pool_max_idle_per_host(UNDER_WAY_MAX);
            builder
        };
        let over_tls = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config())
            .https_only()
            .enable_http1()
            .wrap_connector(connector(&tls_resolver));
        Self {
            clock: clock.clone(),
            tls: builder().build(over_tls),
            plain: builder().build(connector(&plain_resolver)),
            tls_resolver,
            plain_resolver,
            whole,
        }
    }

    /// Whether a target's name leads to what must not be reached now. A name that leads nowhere yet is no reason: it may be
    /// made later, and is judged at each connection.
    pub(crate) async fn check(&self, target: &Url) -> Result<(), String> {
        use crate::guard::resolver::Unreachable;
        match self.resolver(target).check(target).await {
            Ok(()) | Err(Unreachable::Unresolved(_)) => Ok(()),
            Err(Unreachable::Forbidden(forbidden)) => Err(forbidden.to_string()),
        }
    }

    fn resolver(&self, target: &Url) -> &Resolver {
        match target.scheme() {
            "https" => &self.tls_resolver,
            _ => &self.plain_resolver,
        }
    }

    /// Sends a parcel once. Redirects are not followed: they would lead where nobody has looked.
    pub(crate) async fn send(&self, parcel: Parcel) -> Attempt {
        let (start, began) = (self.clock.now(), Instant::now());
        let answer = tokio::time::timeout(self.whole, self.exchange(parcel, start)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.whole)));
        let took = began.elapsed();
        match answer {
            Ok(answer) => Attempt { start, took, ..answer },
            Err(failure) => Attempt::failed(start, took, failure),
        }
    }

    /// A try that has not left the platform.
    pub(crate) fn failed(&self, fault: &Fault) -> Attempt {
        Attempt::failed(self.clock.now(), Duration::ZERO, fault.to_string())
    }

    async fn exchange(&self, parcel: Parcel, now: Time) -> Result<Attempt, String> {
        let target = Arc::clone(&parcel.target);
        // The connector asks no resolver where the target is an address itself.
        let checked = self.resolver(&target).check_literal(&target);
        checked.map_err(|forbidden| forbidden.to_string())?;
        let request = request(parcel, now).map_err(|fault| fault.to_string())?;
        let answer = match target.scheme() {
            "https" => self.tls.request(request).await,
            _ => self.plain.request(request).await,
        };
        let answer = answer.map_err(|error| told(&error))?;
        Ok(read(answer).await)
    }
}

/// Those whom browsers trust.
fn tls_config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // Named, for nobody has set one for the whole process; it has the versions that are asked for.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.unwrap_or_else(|_| ClientConfig::builder());
    builder.with_root_certificates(roots).with_no_client_auth()
}

fn request(parcel: Parcel, now: Time) -> Result<Request<Full<Bytes>>, Fault> {
    let seconds = now.micros().div_euclid(1_000_000);
    let signature = signatures(&parcel.secrets, &parcel.id, seconds, &parcel.body);
    Request::post(parcel.target.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header("webhook-id", parcel.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
        .body(Full::from(parcel.body))
        .map_err(Fault::internal)
}

/// Reads an answer as far as it is wanted. What is longer is left, and its connection with it.
async fn read(answer: Response<Incoming>) -> Attempt {
    let status = answer.status();
    let retry_after = retry_after(answer.headers());
    let mut body = answer.into_body();
    let mut begin = Vec::new();
    while begin.len() < ANSWER_BYTES_MAX {
        match body.frame().await {
            Some(Ok(frame)) => begin.extend(frame.into_data().unwrap_or_default()),
            // The status is the answer, however its body ends.
            Some(Err(_)) | None => break,
        }
    }
    let failure = (!status.is_success()).then(|| format!("the answer is {status}"));
    Attempt {
        start: Time::EPOCH,
        took: Duration::ZERO,
        code: Some(status.as_u16()),
        failure,
        answer: excerpt(&begin),
        retry_after,
    }
}

/// How an answer begins, as a text that every database keeps.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let kept = text.chars().filter(|character| *character != '\0');
    kept.take(ANSWER_CHARS_MAX).collect()
}

/// After how many seconds the receiver wants to be asked again. A date is not read: its clock need not be ours.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An error with its causes, of which the outermost says the least.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(deeper) = source {
        told = format!("{told}: {deeper}");
        source = deeper.source();
    }
    told
}
