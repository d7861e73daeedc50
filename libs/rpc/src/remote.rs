use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fault::Fault;
use http::Uri;
use tonic::transport::Endpoint;

use crate::deadline;

/// Several connections, because one HTTP/2 connection is read and written by one task at a time.
const CONNECTIONS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A peer in another process. Connects when it is first called, and again whenever it has to.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    connections: Arc<[tonic::transport::Channel]>,
    next: Arc<AtomicUsize>,
}

impl Remote {
    pub(crate) fn new(address: &Uri) -> Self {
        let endpoint = Endpoint::from(address.clone())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true);
        let connections = (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect();
        Self {
            connections,
            next: Arc::default(),
        }
    }

    /// The connection whose turn it is.
    pub(crate) fn connection(&self) -> tonic::transport::Channel {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.connections[turn.checked_rem(self.connections.len()).unwrap_or(0)].clone()
    }

    /// Trouble on the way, with all that is known of it.
    pub(crate) fn trouble(error: &tonic::transport::Error) -> Fault {
        let mut message = format!("the peer cannot be reached: {error}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            // The transport reads the deadline from the header too, and may be a moment earlier than we are.
            if cause.is::<tonic::TimeoutExpired>() {
                return deadline::passed();
            }
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Fault::unavailable(message)
    }
}
