//! What operators ask a process, at an address that clients do not see.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use fault::Fault;
use runtime::Lifecycle;
use telemetry::Red;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves /metrics (Prometheus text), /healthz (the process lives) and /readyz (it takes calls). Without an address it
/// serves nothing.
pub(crate) async fn serve(
    address: Option<SocketAddr>,
    red: Red,
    lifecycle: Lifecycle,
) -> Result<JoinHandle<()>, Fault> {
    let Some(address) = address else {
        return Ok(tokio::spawn(std::future::pending()));
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| Fault::unavailable(format!("{address} cannot be listened to: {error}")))?;
    let ready = move || {
        let status = if lifecycle.is_stopping() {
            http::StatusCode::SERVICE_UNAVAILABLE
        } else {
            http::StatusCode::OK
        };
        std::future::ready(status)
    };
    let router = Router::new()
        .route("/metrics", get(move || std::future::ready(red.prometheus_text())))
        .route("/healthz", get(|| std::future::ready("ok")))
        .route("/readyz", get(ready));
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the operators' address is no longer served");
        }
    }))
}
