//! OpenTelemetry: one start, traces over RPC and events, RED metrics.
//!
//! What this crate guarantees:
//! - [`init`] reads only what it is given, starts logging to standard error, and talks to the network only when an OTLP
//!   endpoint is configured. It is called once, by the binary.
//! - A trace crosses a process or an outbox as one W3C `traceparent` string: [`traceparent`] where it leaves,
//!   [`set_parent`] where it arrives, [`inject`] and [`extract`] for HTTP headers.
//! - A batch of facts goes on in the trace of each: [`Causes`] and [`cause`].
//! - Without an OTLP endpoint those functions find no trace and return at once; they allocate nothing.
//! - [`Red`] counts requests and consumed facts by atomic additions, and shows the figures as Prometheus text. Nothing is
//!   global: each part that counts is handed a clone.
//!
//! ```no_run
//! # async fn start() -> Result<(), telemetry::TelemetryError> {
//! let telemetry = telemetry::init(&telemetry::TelemetryConfig {
//!     service_name: "quanyu".to_owned(),
//!     otlp_endpoint: Some("http://127.0.0.1:4317".to_owned()),
//!     log_filter: "info".to_owned(),
//!     span_filter: "info".to_owned(),
//!     log_json: false,
//! }, &telemetry::Process { role: None, version: "0.1.0" })?;
//! let red = telemetry.red();
//! red.served("quanyu.points.v1.PointsService/RedeemPoints", tonic::Code::Ok, std::time::Duration::from_millis(3));
//! println!("{}", red.prometheus_text());
//! telemetry.shutdown().await
//! # }
//! ```

mod causes;
mod config;
mod export;
mod lines;
mod propagation;
mod red;
mod trace;

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt};

pub use crate::causes::{Cause, Causes, cause, continue_traces};
pub use crate::config::TelemetryConfig;
use crate::export::Exporters;
pub use crate::lines::line_layer;
pub use crate::propagation::{extract, inject, set_parent, trace_id, traceparent};
pub use crate::red::{Followed, Red, code_name};
pub use crate::trace::Trace;

/// Which process of the platform this is, as its traces and metrics say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The part of the platform that it plays, where it plays one alone: the `service.name` ends in it.
    pub role: Option<&'static str>,
    /// Its `service.version`.
    pub version: &'static str,
}

/// Why telemetry could not be started or stopped. Each is mended by the operator, in the configuration.
#[derive(Debug)]
pub enum TelemetryError {
    /// `log_filter` is not a filter.
    LogFilter(String),
    /// `span_filter` is not a filter.
    SpanFilter(String),
    /// `otlp_endpoint` cannot be used.
    Endpoint(String),
    /// Somebody else has started logging in this process.
    AlreadyStarted,
    /// What was gathered last could not be handed over to the collector.
    Unflushed(String),
}

impl std::fmt::Display for TelemetryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LogFilter(cause) => write!(f, "log_filter: {cause}"),
            Self::SpanFilter(cause) => write!(f, "span_filter: {cause}"),
            Self::Endpoint(cause) => write!(f, "otlp_endpoint: {cause}"),
            Self::AlreadyStarted => f.write_str("telemetry was already started in this process"),
            Self::Unflushed(cause) => write!(f, "the last traces and metrics were not exported: {cause}"),
        }
    }
}

impl std::error::Error for TelemetryError {}

/// Running telemetry. Dropping it without [`Telemetry::shutdown`] loses what was gathered in the last seconds.
#[derive(Debug)]
pub struct Telemetry {
    red: Red,
    exporters: Option<Exporters>,
}

/// Starts logging, and exporting when there is an endpoint. With an endpoint it must be called inside a Tokio runtime,
/// which carries the exporter's connection.
pub fn init(config: &TelemetryConfig, process: &Process) -> Result<Telemetry, TelemetryError> {
    let of_lines = EnvFilter::try_new(&config.log_filter).map_err(|err| TelemetryError::LogFilter(err.to_string()))?;
    let of_spans =
        EnvFilter::try_new(&config.span_filter).map_err(|err| TelemetryError::SpanFilter(err.to_string()))?;
    let exporters = config
        .otlp_endpoint
        .as_deref()
        .map(|to| Exporters::start(&config.service_name, process, to))
        .transpose()?;
    let lines = line_layer(config.log_json, std::io::stderr().is_terminal(), std::io::stderr);
    let spans = exporters.as_ref().map(|exporters| span_layer(&exporters.tracers));
    // Each has a filter of its own: who wants few lines may still want every trace.
    tracing_subscriber::registry()
        .with(lines.with_filter(of_lines))
        .with(spans.map(|spans| spans.with_filter(of_spans)))
        .try_init()
        .map_err(|_| TelemetryError::AlreadyStarted)?;
    let red = exporters
        .as_ref()
        .map_or_else(Red::default, |exporters| Red::exported(&exporters.meter()));
    Ok(Telemetry { red, exporters })
}

/// The target of spans that name in log lines who writes them, and are not exported: one that lasts as long as its process would
/// make one trace of all that is done in it.
pub const LINES_ONLY: &str = "quanyu::lines";

/// Turns tracing's spans into OpenTelemetry's. Tests give it a provider with an exporter in memory.
pub fn span_layer<S>(tracers: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // A span is closed by its work, not by its thread: locations and thread names would cost more than they tell.
    let layer: OpenTelemetryLayer<S, SdkTracer> = tracing_opentelemetry::layer()
        .with_tracer(tracers.tracer("quanyu"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    // The exporter itself speaks gRPC: its transport's spans would be exported, which makes more of them.
    layer.with_filter(tracing_subscriber::filter::filter_fn(|metadata| {
        metadata.target() != LINES_ONLY
            && !["h2", "hyper", "hyper_util", "opentelemetry", "tonic", "tower"]
                .contains(&metadata.target().split("::").next().unwrap_or_default())
    }))
}

impl Telemetry {
    /// The figures of this process. Clones count into the same figures.
    pub fn red(&self) -> Red {
        self.red.clone()
    }

    /// Hands the last traces and metrics over to the collector; gives up after five seconds.
    pub async fn shutdown(self) -> Result<(), TelemetryError> {
        let Some(exporters) = self.exporters else { return Ok(()) };
        // The export blocks its thread and needs the runtime meanwhile.
        match tokio::task::spawn_blocking(move || exporters.stop()).await {
            Ok(stopped) => stopped,
            Err(err) => Err(TelemetryError::Unflushed(err.to_string())),
        }
    }
}
