//! The way out of the process: OTLP over gRPC, in batches, from threads of its own.

use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::TelemetryError;

const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// What sends traces and metrics to one collector.
#[derive(Debug)]
pub(crate) struct Exporters {
    pub(crate) tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
}

impl Exporters {
    /// Connects lazily: a collector that is away costs its data, not the start.
    pub(crate) fn start(service_name: &str, endpoint: &str) -> Result<Self, TelemetryError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(TelemetryError::Endpoint(
                "exporting needs a running Tokio runtime".to_owned(),
            ));
        }
        let unusable = |err: opentelemetry_otlp::ExporterBuildError| TelemetryError::Endpoint(err.to_string());
        let spans = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()
            .map_err(unusable)?;
        let metrics = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()
            .map_err(unusable)?;
        let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
        Ok(Self {
            tracers: SdkTracerProvider::builder()
                .with_batch_exporter(spans)
                .with_resource(resource.clone())
                .build(),
            meters: SdkMeterProvider::builder()
                .with_periodic_exporter(metrics)
                .with_resource(resource)
                .build(),
        })
    }

    pub(crate) fn meter(&self) -> Meter {
        self.meters.meter("quanyu")
    }

    /// Blocks until the last batch is out, or the time is.
    pub(crate) fn stop(self) -> Result<(), TelemetryError> {
        let traces = self.tracers.shutdown_with_timeout(SHUTDOWN_MAX);
        let metrics = self.meters.shutdown_with_timeout(SHUTDOWN_MAX);
        traces
            .and(metrics)
            .map_err(|err| TelemetryError::Unflushed(err.to_string()))
    }
}
