use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use fault::Fault;
use kernel::{Principal, Tenant};
use rpc::{Address, Channel, Signer, Stack};
use telemetry::Red;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_stream::wrappers::{TcpListenerStream, WatchStream};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

pub(crate) const SECRET: [u8; 32] = [7; 32];
/// How many call at once.
pub(crate) const CALLERS: usize = 8;
/// How many calls a replica gets before the set changes again.
pub(crate) const CALLS: usize = 50;
/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a call of this number fails, and how.
type Failing = fn(usize) -> Option<Code>;

/// Counts its calls, answers none while it is held up, and fails as it is told.
#[derive(Clone)]
pub(crate) struct Counting {
    calls: Arc<AtomicUsize>,
    pub(crate) is_held_up: Arc<AtomicBool>,
    pub(crate) failing: watch::Sender<Failing>,
}

#[tonic::async_trait]
impl FeedService for Counting {
    async fn read_facts(&self, _: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        while self.is_held_up.load(Ordering::SeqCst) {
            kernel::pause(Duration::from_millis(1)).await;
        }
        let failure = self.failing.borrow()(number);
        match failure {
            // As a service says it; a bare one is taken for the transport's.
            Some(Code::Internal) => Err(Fault::internal("as it was told").into()),
            Some(code) => Err(Status::new(code, "as it was told")),
            None => Ok(Response::new(ReadFactsResponse::default())),
        }
    }
}

/// A replica with a thread of its own, so that it can be killed with all that it has under way, and stand still.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) counting: Counting,
    pub(crate) health: HealthReporter,
    runtime: Option<Runtime>,
}

impl Replica {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let counting = Counting {
            calls: Arc::default(),
            is_held_up: Arc::default(),
            failing: watch::Sender::new(|_| None),
        };
        let served = counting.clone();
        let (health, health_service) = tonic_health::server::health_reporter();
        let listening = runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            let address = listener.local_addr().unwrap();
            let stack = Stack {
                signer: Signer::new(&SECRET),
                red: Red::default(),
                concurrency_max: 64,
            };
            let routes = rpc::serve(Routes::new(FeedServiceServer::new(served)), &contracts::CONTRACT, stack).unwrap();
            let server = tonic::transport::Server::builder()
                .add_routes(routes)
                .add_service(health_service);
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
            address
        });
        Self {
            address: listening.await.unwrap(),
            counting,
            health,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.counting.calls.load(Ordering::SeqCst)
    }

    /// Waits until it has been called so many times more.
    pub(crate) async fn is_called(&self, times: usize) {
        let before = self.calls();
        until(|| self.calls() >= before + times).await;
    }

    pub(crate) fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    /// As a process that is stopped: its connections stay, others are made, and nobody reads them. It goes on when what is
    /// answered is dropped.
    pub(crate) async fn stand_still(&self) -> std::sync::mpsc::SyncSender<()> {
        let (goes_on, stands) = std::sync::mpsc::sync_channel::<()>(1);
        let (stood, stopped) = tokio::sync::oneshot::channel();
        self.runtime.as_ref().unwrap().spawn(async move {
            let _ = stood.send(());
            let _ = stands.recv();
        });
        stopped.await.unwrap();
        goes_on
    }

    pub(crate) async fn says(&self, status: ServingStatus) {
        self.health.set_service_status("", status).await;
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            kernel::pause(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes about");
}

pub(crate) fn at(address: SocketAddr) -> Address {
    format!("http://{address}").parse().unwrap()
}

pub(crate) fn set(replicas: &[&Replica]) -> BTreeSet<Address> {
    replicas.iter().map(|replica| at(replica.address)).collect()
}

pub(crate) fn over(addresses: &watch::Sender<BTreeSet<Address>>) -> Channel {
    let principal = Signer::new(&SECRET).sign(&Principal::service("points", Tenant::PLATFORM));
    Channel::discovered("ledger", &contracts::CONTRACT, WatchStream::new(addresses.subscribe()))
        .with_principal(principal.unwrap())
}

pub(crate) async fn call(channel: &Channel, timeout: Option<Duration>) -> Result<(), Status> {
    let mut request = Request::new(ReadFactsRequest {
        stream: "ledger".to_owned(),
        facts_max: 1,
        ..ReadFactsRequest::default()
    });
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    FeedServiceClient::new(channel.clone())
        .read_facts(request)
        .await
        .map(drop)
}
