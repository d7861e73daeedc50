//! A service that does nothing: what every rate is compared with is its health check.

use std::net::SocketAddr;
use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use fault::Fault;
use futures::StreamExt;
use rpc::Channel;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Bytes, StdError};
use tonic::{Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::load::{Figures, Load};

/// Of an echo that is killed.
const THREADS: usize = 1;
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// An echo on threads of its own, which end with it and with all its connections.
pub(crate) struct Echo {
    runtime: Runtime,
    address: SocketAddr,
}

impl Echo {
    pub(crate) async fn start() -> Result<Self, Fault> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let runtime = runtime.map_err(Fault::internal)?;
        let bound = runtime.spawn(serve());
        let address = bound.await.map_err(Fault::internal)?.map_err(Fault::internal)?;
        Ok(Self { runtime, address })
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As a process does that is killed: its connections end without a word.
    pub(crate) fn die(self) {
        self.runtime.shutdown_background();
    }
}

/// Serves on the threads of the caller, and says where.
async fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("", tonic_health::ServingStatus::Serving)
        .await;
    let connections = TcpListenerStream::new(listener)
        .map(|connection| connection.inspect(|connection| drop(connection.set_nodelay(true))));
    let server = tonic::transport::Server::builder()
        .add_service(service)
        .add_service(FeedServiceServer::new(NoFacts));
    tokio::spawn(server.serve_with_incoming(connections));
    Ok(address)
}

/// The same load on an echo that shares the threads of its callers, until the bench ends.
pub(crate) async fn alone(load: &Load) -> Result<Figures, Fault> {
    let address = serve().await.map_err(Fault::internal)?;
    let address = format!("http://{address}").parse().map_err(Fault::internal)?;
    let channel = Channel::remote("points", &contracts_points::CONTRACT, &address);
    Ok(echoed(load, &HealthClient::new(channel)).await)
}

/// The same load on a health check.
async fn echoed(load: &Load, client: &HealthClient<Channel>) -> Figures {
    let client = client.clone();
    load.measure(move |_| {
        let mut client = client.clone();
        async move { client.check(HealthCheckRequest::default()).await.map(drop) }
    })
    .await
}

/// The same load on a method whose contract says that it may be repeated.
pub(crate) async fn repeatable<T>(load: &Load, client: &FeedServiceClient<T>) -> Figures
where
    T: GrpcService<Body, Future: Send> + Clone + Send + Sync + 'static,
    T::Error: Into<StdError>,
    T::ResponseBody: http_body::Body<Data = Bytes, Error: Into<StdError> + Send> + Send + 'static,
{
    let client = client.clone();
    load.measure(move |_| {
        let mut client = client.clone();
        let mut request = Request::new(ReadFactsRequest {
            stream: "points".to_owned(),
            facts_max: 1,
            ..ReadFactsRequest::default()
        });
        request.set_timeout(PATIENCE);
        async move { client.read_facts(request).await.map(drop) }
    })
    .await
}

/// A feed that has nothing to show.
struct NoFacts;

#[tonic::async_trait]
impl FeedService for NoFacts {
    async fn read_facts(&self, _: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        Ok(Response::new(ReadFactsResponse::default()))
    }
}
