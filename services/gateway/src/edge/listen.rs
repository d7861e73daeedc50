use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Version;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rpc::read_out;
use tls::server::TlsStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;

use super::{Edge, Gateway};
use crate::audit::call::PeerAddress;

/// How often a silent connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long to wait when the machine has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Gateway {
    /// Serves until `shutdown` resolves, then lets what is under way end, for as long as the configuration allows.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
        let room = Arc::new(Semaphore::new(self.edge.config.connections.open_max));
        self.edge.callers.tokens.fetch_keys();
        self.edge.probes.enter().await;
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accept(&listener, &room) => accepted,
            };
            match accepted {
                Ok((stream, peer, place)) => {
                    let serving = connection(stream, PeerAddress(peer), Arc::clone(&self.edge), stop.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    kernel::pause(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        self.edge.probes.leave().await;
        stop.cancel();
        connections.close();
        if tokio::time::timeout(self.edge.config.drain, connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                connections = connections.len(),
                "requests were still under way when the gateway stopped"
            );
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// A connection as requests come over it: over TLS, where the gateway has a certificate. Who cannot agree on that is left out.
async fn agree(stream: TcpStream, tls: Option<&tls::Acceptor>) -> Option<Either<TcpStream, TlsStream<TcpStream>>> {
    match tls {
        None => Some(Either::Left(stream)),
        Some(acceptor) => acceptor.accept(stream).await.ok().map(Either::Right),
    }
}

/// Serves one connection until it ends, or, once the gateway stops, until its requests have ended.
async fn connection(stream: TcpStream, peer: PeerAddress, edge: Arc<Edge>, stop: CancellationToken) {
    // Answers are small and written whole: waiting for more of them only adds to their time.
    let _ = stream.set_nodelay(true);
    let agreed = tokio::select! {
        agreed = agree(stream, edge.tls.as_ref()) => agreed,
        () = stop.cancelled() => None,
    };
    let Some(stream) = agreed else { return };
    let limits = edge.config.connections;
    let service = service_fn(move |request: http::Request<Incoming>| {
        let edge = Arc::clone(&edge);
        let mut request = match request.version() {
            Version::HTTP_2 => request.map(read_out),
            _ => request.map(Body::new),
        };
        request.extensions_mut().insert(peer);
        async move { Ok::<_, std::convert::Infallible>(edge.respond_to_all(request).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // What is read at once bounds the headers, for they are parsed where they are read.
        .max_buf_size(usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX))
        .header_read_timeout(limits.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .adaptive_window(true)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(limits.header_bytes_max)
        .max_pending_accept_reset_streams(limits.resets_max)
        .keep_alive_interval(KEEP_ALIVE);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
        () = aged(limits.age_max) => {
            serving.as_mut().graceful_shutdown();
            // What is under way for longer is cut off, or a stream without an end would keep its connection for ever.
            tokio::time::timeout(limits.age_grace, serving.as_mut()).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke off");
    }
}

/// Ends when a connection has become too old. Connections that began together, as after a restart, do not end together.
async fn aged(age_max: Option<Duration>) {
    let Some(age) = age_max else {
        return std::future::pending().await;
    };
    let part = rand::random_range(AGE_PARTS);
    kernel::pause(age.mul_f64(part)).await;
}

/// Between which parts of the greatest age a connection ends.
const AGE_PARTS: std::ops::Range<f64> = 0.9..1.1;
