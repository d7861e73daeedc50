use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use fault::Fault;
use futures::Stream;
use http::{Extensions, HeaderValue, Request, Response, Uri};
use tonic::Status;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::remote::{RESTART_MAX, Remote};
use crate::{Address, Contract, PRINCIPAL_HEADER, Switchboard, Transport, deadline};

/// The transport of every generated client, to a peer in this process or in another one.
///
/// It restores for a local peer what a wire gives by itself: request extensions stay behind, so that a principal cannot
/// be forged; the deadline holds, and is handed on from the request that is being worked for; dropping the call drops
/// its work. The trace goes along.
#[derive(Clone, Debug)]
pub struct Channel {
    link: Link,
    principal: Option<HeaderValue>,
    /// How long to wait for a peer that restarts where the caller has named no deadline.
    patience: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Link {
    Local(Switchboard),
    Remote(Remote),
}

type Outcome = Result<Response<Body>, Status>;

impl Channel {
    /// To the service behind a switchboard of this process.
    pub fn local(switchboard: Switchboard) -> Self {
        Self {
            link: Link::Local(switchboard),
            principal: None,
            patience: None,
        }
    }

    /// To the service of a name at one address for ever, such as "<http://10.0.0.7:7401>". Connects when it is first called.
    ///
    /// A call that meets the service on its restart is repeated until the caller's deadline, for some seconds at the most:
    /// every method of the contract takes effect once, however often it is called. Streams are not, nor are calls without a
    /// deadline.
    pub fn remote(name: &str, contract: &'static Contract, address: &Uri) -> Self {
        Self::to(Remote::fixed(&Transport::Plain, name, contract, [Address::of(address)]))
    }

    /// The same over the replicas of a service: a stream of sets of their addresses, each in place of the one before.
    ///
    /// Each call goes to one of the present set, to the less busy of two by chance; one that meets a replica which is away is
    /// repeated at once at another. A set that is empty takes no replica away: a discovery that finds nobody knows nothing better.
    /// Where none is known yet, calls are UNAVAILABLE, or wait, as they do for a peer that restarts.
    pub fn discovered(
        name: &str,
        contract: &'static Contract,
        addresses: impl Stream<Item = BTreeSet<Address>> + Send + 'static,
    ) -> Self {
        Self::to(Remote::following(&Transport::Plain, name, contract, addresses))
    }

    pub(crate) fn to(remote: Remote) -> Self {
        Self {
            link: Link::Remote(remote),
            principal: None,
            patience: None,
        }
    }

    /// The same channel, over which calls without a deadline wait for a restarting peer, too: for callers who do not come
    /// again by themselves.
    #[must_use]
    pub fn patient(self) -> Self {
        Self {
            patience: Some(RESTART_MAX),
            ..self
        }
    }

    /// Whether the service answers and says that it can work, at one address at least; asked within the time.
    pub async fn check(&self, timeout: Duration) -> Result<(), Fault> {
        match &self.link {
            Link::Local(switchboard) => match switchboard.routes() {
                Some(_) => Ok(()),
                None => Err(starting()),
            },
            Link::Remote(remote) => remote.check(timeout).await,
        }
    }

    /// The same channel, over which every call carries this signed principal.
    #[must_use]
    pub fn with_principal(self, principal: HeaderValue) -> Self {
        Self {
            principal: Some(principal),
            ..self
        }
    }

    /// Makes one call.
    async fn carry(self, mut request: Request<Body>) -> Outcome {
        *request.extensions_mut() = Extensions::new();
        if let Some(principal) = self.principal {
            request.headers_mut().insert(PRINCIPAL_HEADER, principal);
        }
        telemetry::inject(request.headers_mut());
        let asked = deadline::timeout(request.headers())?;
        let timeout = asked.into_iter().chain(deadline::remaining()).min();
        match timeout {
            None => self.link.carry(request, self.patience).await,
            Some(timeout) => {
                request
                    .headers_mut()
                    .insert(deadline::TIMEOUT_HEADER, deadline::format(timeout));
                request.headers_mut().remove(deadline::CONNECT_TIMEOUT_HEADER);
                let started = Instant::now();
                let response = deadline::within(timeout, self.link.carry(request, Some(timeout))).await??;
                Ok(deadline::ended(timeout.saturating_sub(started.elapsed()), response))
            }
        }
    }
}

impl Link {
    async fn carry(self, request: Request<Body>, patience: Option<Duration>) -> Outcome {
        match self {
            Self::Local(switchboard) => {
                let routes = switchboard.routes();
                let routes = routes.ok_or_else(starting)?;
                let answer: Result<Response<Body>, Infallible> = routes.oneshot(request).await;
                answer.map_err(|never| match never {})
            }
            Self::Remote(remote) => remote.carry(request, patience).await,
        }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Outcome> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().carry(request))
    }
}

fn starting() -> Fault {
    Fault::unavailable("the service is still starting")
}
