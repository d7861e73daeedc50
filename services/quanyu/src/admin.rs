//! What operators ask a process, at an address that clients do not see.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use fault::Fault;
use kernel::Clock;
use runtime::{Lifecycle, Readiness, Turn};
use telemetry::Red;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::metrics;
use crate::outside::Outside;

/// Serves /metrics (Prometheus text), /healthz (the process lives) and /readyz (it can work, or what is missing, with causes
/// and addresses). Without an address it serves nothing.
pub(crate) async fn serve(
    address: Option<SocketAddr>,
    red: Red,
    lifecycle: Lifecycle,
    readiness: Readiness,
    turn: Turn,
    outside: Outside,
) -> Result<JoinHandle<()>, Fault> {
    let Some(address) = address else {
        return Ok(tokio::spawn(std::future::pending()));
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| Fault::unavailable(format!("{address} cannot be listened to: {error}")))?;
    let seen = readiness.clone();
    let ready = move || {
        let (readiness, is_stopping) = (readiness.clone(), lifecycle.is_stopping());
        async move {
            if is_stopping {
                readiness.stops();
            }
            let report = readiness.report().await;
            let status = match report.is_ready() {
                true => http::StatusCode::OK,
                false => http::StatusCode::SERVICE_UNAVAILABLE,
            };
            let body = serde_json::to_string(&report).unwrap_or_default();
            (status, [(http::header::CONTENT_TYPE, "application/json")], body)
        }
    };
    let figures = move || {
        let (red, seen, works) = (red.clone(), seen.clone(), turn.is_on());
        let beside = outside.standing();
        async move { metrics::text(&red, seen.databases(), works, beside, &Clock::system()).await }
    };
    let router = Router::new()
        .route("/metrics", get(figures))
        .route("/healthz", get(|| std::future::ready("ok")))
        .route("/readyz", get(ready));
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the operators' address is no longer served");
        }
    }))
}
