use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use fault::{Common, Fault};
use http::{Extensions, HeaderValue, Request, Response, Uri};
use tonic::Status;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::remote::Remote;
use crate::{PRINCIPAL_HEADER, Switchboard, deadline};

/// The transport of every generated client, to a peer in this process or in another one.
///
/// It restores for a local peer what a wire gives by itself: request extensions stay behind, so that a principal cannot
/// be forged; the deadline holds, and is handed on from the request that is being worked for; dropping the call drops
/// its work. The trace goes along.
#[derive(Clone, Debug)]
pub struct Channel {
    link: Link,
    principal: Option<HeaderValue>,
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
        }
    }

    /// To the service at an address such as "<http://points:7001>". Connects when it is first called.
    pub fn remote(address: &Uri) -> Self {
        Self {
            link: Link::Remote(Remote::new(address)),
            principal: None,
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
        let asked = deadline::parse(request.headers());
        let timeout = asked.into_iter().chain(deadline::remaining()).min();
        match timeout {
            None => self.link.carry(request).await,
            Some(timeout) => {
                request
                    .headers_mut()
                    .insert(deadline::TIMEOUT_HEADER, deadline::format(timeout));
                deadline::within(timeout, self.link.carry(request)).await?
            }
        }
    }
}

impl Link {
    async fn carry(self, request: Request<Body>) -> Outcome {
        match self {
            Self::Local(switchboard) => {
                let routes = switchboard.routes();
                let routes = routes.ok_or_else(|| Fault::unavailable("the service is still starting"))?;
                let answer: Result<Response<Body>, Infallible> = routes.oneshot(request).await;
                answer.map_err(|never| match never {})
            }
            Self::Remote(remote) => remote
                .connection()
                .oneshot(request)
                .await
                .map_err(|error| Remote::trouble(&error).into()),
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

/// What is asked of a service that nobody named in the configuration.
pub(crate) fn unknown_peer(name: &str) -> Fault {
    Fault::refused(
        Common::Unavailable,
        format!("no address is configured for the service {name}"),
    )
}
