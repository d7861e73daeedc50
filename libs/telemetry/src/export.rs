//! The way out of the process: OTLP over gRPC, in batches, from threads of its own.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};

use crate::{Process, TelemetryError};

const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// What sends traces and metrics to one collector.
#[derive(Debug)]
pub(crate) struct Exporters {
    pub(crate) tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
}

/// By the semantic conventions of OpenTelemetry: which service this is, and which of its instances.
fn resource(namespace: &str, process: &Process) -> Resource {
    let name = match process.role {
        Some(role) => format!("{namespace}-{role}"),
        None => namespace.to_owned(),
    };
    let random = RandomIdGenerator::default().new_trace_id().to_bytes();
    let instance = uuid::Builder::from_random_bytes(random).into_uuid();
    Resource::builder()
        .with_service_name(name)
        .with_attributes([
            KeyValue::new("service.namespace", namespace.to_owned()),
            KeyValue::new("service.instance.id", instance.to_string()),
            KeyValue::new("service.version", process.version),
        ])
        .build()
}

impl Exporters {
    /// Connects lazily: a collector that is away costs its data, not the start.
    pub(crate) fn start(namespace: &str, process: &Process, endpoint: &str) -> Result<Self, TelemetryError> {
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
        let resource = resource(namespace, process);
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
