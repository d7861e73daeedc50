//! What becomes of an order is one trace, from the gateway through facts and consumers to the coupon that a journey asks for:
//! in one process as in six.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kernel::Clock;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tests::brand::TMALL;
use tests::{Api, brand, eventually, story, until};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::process::{Process, quanyu};
use crate::separate_processes::{Beside, Roles};
use crate::server::Server;

/// How many orders arrive at once, each in a trace of its own: their facts share batches.
const ORDERS: usize = 8;

/// A span: whose it is, its name, and its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    service: String,
    name: String,
    trace: String,
}

/// Keeps what it is sent.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap();
        for of_process in request.into_inner().resource_spans {
            let attributes = of_process.resource.unwrap_or_default().attributes;
            let service = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let service = match service.and_then(|service| service.value?.value) {
                Some(Value::StringValue(name)) => name,
                other => panic!("no name: {other:?}"),
            };
            let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            kept.extend(spans.map(|span| Span {
                service: service.clone(),
                name: span.name,
                trace: hex::encode(span.trace_id),
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

impl Collector {
    /// Starts it; answers where it listens.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        format!("http://{address}")
    }

    /// The spans of a trace: whose each is, and its name.
    fn spans(&self, trace: &str) -> BTreeSet<(String, String)> {
        let kept = self.0.lock().unwrap();
        let spans = kept.iter().filter(|span| span.trace == trace);
        spans.map(|span| (span.service.clone(), span.name.clone())).collect()
    }

    /// The traces that have a span of this name.
    fn traces(&self, name: &str) -> BTreeSet<String> {
        let kept = self.0.lock().unwrap();
        let spans = kept.iter().filter(|span| span.name == name);
        spans.map(|span| span.trace.clone()).collect()
    }
}

/// What each order's trace has, in the order in which it comes about.
const STATIONS: [(&str, &str); 8] = [
    ("gateway", "gateway"),
    ("tagging", "quanyu.tagging.v1.ActivityService/RecordActivities"),
    ("points", "points.earn_by_rules"),
    ("rights", "rights.track_growth"),
    ("tagging", "tagging.follow_tiers"),
    ("campaign", "campaign.tagging"),
    ("campaign", "campaign.ask"),
    ("rights", "quanyu.rights.v1.CouponService/IssueCoupons"),
];

/// Pays orders of members, all at once, each in a trace of its own, and waits until the coupons have come of them.
async fn pay_orders(api: &Api) -> Vec<String> {
    brand::found(api).await.unwrap();
    let mut members = Vec::new();
    for number in 0..ORDERS {
        members.push(story::arrive(api, TMALL, &format!("tb-{number}"), None).await.unwrap());
    }
    let paid = (0..ORDERS).map(async |number| {
        let (external_id, number) = (format!("tb-{number}"), format!("order-{number}"));
        let order = story::Order {
            channel: TMALL,
            external_id: &external_id,
            number: &number,
            time: Clock::system().now(),
            yuan: 250,
        };
        let trace = Clock::system().uuid().simple().to_string();
        let mut request = Request::new(story::recording(order.activity()));
        let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
        request
            .metadata_mut()
            .insert("traceparent", traceparent.parse().unwrap());
        api.activities().record_activities(request).await.unwrap();
        trace
    });
    let traces = futures::future::join_all(paid).await;
    for member in &members {
        until("the coupon", 1, async || story::coupons(api, member).await.len()).await;
    }
    traces
}

/// Every order's trace has every station; a call that asks for several runs is a part of the first one's.
async fn see_traces(collector: &Collector, traces: &[String], service: impl Fn(&str) -> String) {
    let batched = STATIONS.len() - 2;
    let own: Vec<(String, String)> = STATIONS.map(|(role, name)| (service(role), name.to_owned())).to_vec();
    for trace in traces {
        let missing = |stations: &[(String, String)]| -> Vec<(String, String)> {
            let seen = collector.spans(trace);
            stations
                .iter()
                .filter(|station| !seen.contains(station))
                .cloned()
                .collect()
        };
        until("the stations that are missing", Vec::new(), async || {
            missing(&own[..batched])
        })
        .await;
    }
    let asked = eventually("a call for coupons", async || {
        let seen = collector.traces("campaign.ask");
        seen.into_iter().find(|trace| traces.contains(trace))
    })
    .await;
    until("whether a trace is whole", true, async || {
        let seen = collector.spans(&asked);
        own.iter().all(|station| seen.contains(station))
    })
    .await;
    // Nothing else is told in them, and no worker is a trace without an end.
    assert!(collector.traces("worker").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_is_one_trace_across_six_processes() {
    let (collector, server) = (Collector::default(), Server::new().await);
    let endpoint = collector.start().await;
    let roles = Roles::start_with(&server, Beside::default(), move |_, command| {
        command.env("QUANYU_TELEMETRY__OTLP_ENDPOINT", &endpoint);
    });
    let api = Api::new(&roles.gateway().address, &roles.gateway().first_key());
    let traces = pay_orders(&api).await;
    see_traces(&collector, &traces, |role| format!("quanyu-{role}")).await;
    roles.stop().await;
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_is_one_trace_within_one_process() {
    let (collector, folder) = (Collector::default(), tempfile::tempdir().unwrap());
    let mut command = quanyu();
    command
        .args(["up", "--listen", "127.0.0.1:0"])
        .arg("--folder")
        .arg(folder.path());
    command.env("QUANYU_TELEMETRY__OTLP_ENDPOINT", collector.start().await);
    let platform = Process::start(command);
    let api = Api::new(&platform.address, &platform.first_key());
    let traces = pay_orders(&api).await;
    see_traces(&collector, &traces, |_| "quanyu".to_owned()).await;
}
