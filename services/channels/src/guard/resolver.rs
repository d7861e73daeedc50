//! Names become addresses here, and every address is judged before anybody connects to it: what was judged is what is
//! connected to, however often the name's answer changes.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use thiserror::Error;
use tower::Service;
use url::{Host, Url};

use super::{Forbidden, Guard, Wire};

/// How long the machine may take to resolve a name.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Knows the addresses of names.
#[async_trait]
pub trait Names: Send + Sync {
    /// The addresses of a name.
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// As the machine resolves them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfMachine;

#[async_trait]
impl Names for OfMachine {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Why a name leads nowhere.
#[derive(Debug, Error)]
pub(crate) enum Unreachable {
    #[error("{0}")]
    Forbidden(#[from] Forbidden),
    #[error("its name could not be resolved: {0}")]
    Unresolved(io::Error),
}

/// Resolves names to addresses that may be reached.
#[derive(Clone)]
pub(crate) struct Resolver {
    names: Arc<dyn Names>,
    guard: Arc<Guard>,
    wire: Wire,
}

impl Resolver {
    pub(crate) fn new(names: Arc<dyn Names>, guard: Arc<Guard>, wire: Wire) -> Self {
        Self { names, guard, wire }
    }

    /// Whether a target's address may be reached, where it names one itself: no resolver is asked of such a target.
    pub(crate) fn check_literal(&self, target: &Url) -> Result<(), Forbidden> {
        match target.host() {
            Some(Host::Ipv4(address)) => self.guard.check(address.into(), self.wire),
            Some(Host::Ipv6(address)) => self.guard.check(address.into(), self.wire),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Whether a target may be reached by what its name resolves to now.
    pub(crate) async fn check(&self, target: &Url) -> Result<(), Unreachable> {
        self.check_literal(target)?;
        match target.host() {
            Some(Host::Domain(name)) => self.resolve(name).await.map(drop),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => Ok(()),
        }
    }

    /// The addresses of a name. One that must not be reached refuses the others too: who mixes them has something in mind.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unreachable> {
        let found = tokio::time::timeout(RESOLVE_TIMEOUT, self.names.look_up(name)).await;
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {RESOLVE_TIMEOUT:?}"));
        let found = found.unwrap_or_else(|elapsed| Err(late(elapsed)));
        let addresses = found.map_err(Unreachable::Unresolved)?;
        for address in &addresses {
            self.guard.check(*address, self.wire)?;
        }
        Ok(addresses)
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unreachable>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            let sockets: Vec<SocketAddr> = addresses.into_iter().map(|address| (address, 0).into()).collect();
            Ok(sockets.into_iter())
        })
    }
}
