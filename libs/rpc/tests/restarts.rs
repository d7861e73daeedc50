//! A peer that restarts: its callers wait for it as long as they have, and are told who is away otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use kernel::{Principal, Tenant};
use rpc::{Channel, Signer, Stack};
use telemetry::Red;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

const SECRET: [u8; 32] = [7; 32];

/// Counts its calls.
struct Counting(Arc<AtomicUsize>);

#[tonic::async_trait]
impl FeedService for Counting {
    async fn read_facts(&self, _: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Response::new(ReadFactsResponse::default()))
    }
}

async fn serve(listener: TcpListener, calls: Arc<AtomicUsize>) {
    let stack = Stack {
        signer: Signer::new(&SECRET),
        red: Red::default(),
        concurrency_max: 16,
    };
    let routes = rpc::serve(
        Routes::new(FeedServiceServer::new(Counting(calls))),
        &contracts::CONTRACT,
        stack,
    )
    .unwrap();
    let server = tonic::transport::Server::builder().add_routes(routes);
    server
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .unwrap();
}

async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn channel(address: SocketAddr) -> Channel {
    let principal = Signer::new(&SECRET).sign(&Principal::service("points", Tenant::PLATFORM));
    Channel::remote(
        "ledger",
        &contracts::CONTRACT,
        &format!("http://{address}").parse().unwrap(),
    )
    .with_principal(principal.unwrap())
}

async fn call(channel: Channel, timeout: Option<Duration>) -> Result<Response<ReadFactsResponse>, Status> {
    let mut request = Request::new(ReadFactsRequest {
        stream: "ledger".to_owned(),
        facts_max: 1,
        ..ReadFactsRequest::default()
    });
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    FeedServiceClient::new(channel).read_facts(request).await
}

#[tokio::test]
async fn a_call_waits_for_a_peer_that_is_not_there_yet() {
    let (address, calls) = (free_address().await, Arc::default());
    let calling = tokio::spawn(call(channel(address), Some(Duration::from_secs(5))));
    // Far more often than it takes to be refused.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    kernel::pause(Duration::from_millis(50)).await;
    assert!(!calling.is_finished(), "it waits");
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(serve(listener, Arc::clone(&calls)));
    calling.await.unwrap().expect("it has been repeated");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_whose_connection_breaks_before_the_answer_is_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, calls) = (listener.local_addr().unwrap(), Arc::default());
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        // Takes the request and goes away, as a process that is killed.
        for _ in 0..2 {
            let (mut taken, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 1_024];
            assert!(taken.read(&mut bytes).await.unwrap() > 0);
        }
        serve(listener, counted).await;
    });
    let answer = call(channel(address), Some(Duration::from_secs(5))).await;
    answer.expect("it has been repeated");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_without_a_deadline_is_told_at_once_who_is_away_and_operators_where_and_why() {
    let address = free_address().await;
    let nowhere = Channel::remote(
        "ledger",
        &contracts::CONTRACT,
        &"http://nowhere.invalid:7401".parse().unwrap(),
    );
    for (channel, inside) in [
        (
            channel(address),
            format!("ledger at http://{address} cannot be reached: connection refused"),
        ),
        (
            nowhere,
            "ledger at http://nowhere.invalid:7401 cannot be reached: unknown host".to_owned(),
        ),
    ] {
        let status = call(channel.clone(), None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(tonic_types::StatusExt::get_details_retry_info(&status).is_some());
        let told = status.message().to_owned();
        assert!(
            told.starts_with("the service ledger cannot be reached: repeat"),
            "{told}"
        );
        let wire = tonic::Status::from_header_map(status.clone().into_http::<()>().headers()).unwrap();
        let seen_by_callers = format!("{wire} {:?}", String::from_utf8_lossy(wire.details()));
        assert!(
            !seen_by_callers.contains("http://") && !seen_by_callers.contains("refused"),
            "{seen_by_callers}"
        );
        let of_operators = fault::Fault::from_peer(status).to_string();
        assert!(of_operators.starts_with(&inside), "{of_operators}");
        let checked = channel.check(Duration::from_secs(5)).await.unwrap_err().to_string();
        assert!(checked.starts_with(&inside), "{checked}");
    }
}

#[tokio::test]
async fn a_deadline_ends_the_waiting() {
    let status = call(channel(free_address().await), Some(Duration::from_millis(60))).await;
    let code = status.unwrap_err().code();
    assert!(matches!(code, Code::Unavailable | Code::DeadlineExceeded), "{code}");
}

#[tokio::test]
async fn whether_a_peer_can_work_is_asked_by_its_health() {
    let (health, service) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = channel(address);
    let timeout = Duration::from_secs(5);
    assert!(channel.check(timeout).await.is_ok());
    health
        .set_service_status("", tonic_health::ServingStatus::NotServing)
        .await;
    let told = channel.check(timeout).await.unwrap_err().to_string();
    assert!(told.starts_with("ledger at ") && told.contains("not ready"), "{told}");
    let gone = self::channel(free_address().await)
        .check(Duration::from_millis(100))
        .await;
    let told = gone.unwrap_err().to_string();
    assert!(told.starts_with("ledger at "), "{told}");
}
