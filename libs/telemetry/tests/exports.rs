//! With an endpoint, spans and figures reach a collector over OTLP.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use telemetry::TelemetryConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};

/// A collector that passes on what it is sent.
#[derive(Clone)]
struct Collector {
    traces: mpsc::Sender<ExportTraceServiceRequest>,
    metrics: mpsc::Sender<ExportMetricsServiceRequest>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.traces.send(request.into_inner()).await.unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics.send(request.into_inner()).await.unwrap();
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_and_figures_reach_the_collector() {
    let (traces, mut traces_received) = mpsc::channel(16);
    let (metrics, mut metrics_received) = mpsc::channel(16);
    let collector = Collector { traces, metrics };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );

    let config = TelemetryConfig {
        service_name: "quanyu-test".to_owned(),
        otlp_endpoint: Some(endpoint),
        // Lines are no measure of spans.
        log_filter: "error".to_owned(),
        span_filter: "info,quiet=off".to_owned(),
        ..TelemetryConfig::default()
    };
    let telemetry = telemetry::init(
        &config,
        &telemetry::Process {
            role: Some("ledger"),
            version: "1.2.3",
        },
    )
    .unwrap();
    telemetry.red().served(
        "quanyu.points.v1.PointsService/RedeemPoints",
        Code::Internal,
        Duration::from_millis(3),
    );
    tracing::info_span!(target: "quiet", "left_out").in_scope(|| ());
    tracing::debug_span!("left_out").in_scope(|| ());
    let trace_id = tracing::info_span!("redeem_points").in_scope(|| telemetry::trace_id().unwrap());
    telemetry.shutdown().await.unwrap();

    let sent = traces_received.recv().await.unwrap();
    let [resource] = sent.resource_spans.as_slice() else {
        panic!("one resource: {sent:?}")
    };
    let told = format!("{:?}", resource.resource);
    for what in [
        "quanyu-test-ledger",
        "service.namespace",
        "service.instance.id",
        "1.2.3",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    let spans: Vec<_> = resource.scope_spans.iter().flat_map(|scope| &scope.spans).collect();
    let [span] = spans.as_slice() else {
        panic!("one span: {spans:?}")
    };
    assert_eq!(span.name, "redeem_points");
    assert_eq!(
        TraceId::from_bytes(span.trace_id.clone().try_into().unwrap()).to_string(),
        trace_id
    );

    let sent = metrics_received.recv().await.unwrap();
    let scopes = sent
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics);
    let mut names: Vec<&str> = scopes
        .flat_map(|scope| &scope.metrics)
        .map(|metric| metric.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["rpc.server.duration", "rpc.server.errors", "rpc.server.requests"]
    );
}
