//! A call means the same whether the peer shares the process or not: every test runs over both channels.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{Fact, ReadFactsRequest, ReadFactsResponse};
use kernel::{Principal, PrincipalKind, Scopes, Tenant};
use rpc::{Channel, Signer, Stack, Switchboard};
use telemetry::Red;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

const SECRET: [u8; 32] = [5; 32];

/// What a client slips into the extensions of its request.
#[derive(Clone)]
struct Smuggled;

/// Does what the name of the stream says.
struct Obedient {
    abandoned: Arc<AtomicBool>,
}

struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl FeedService for Obedient {
    async fn read_facts(&self, request: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        let smuggled = request.extensions().get::<Smuggled>().is_some();
        rpc::answer(request, |call| async move {
            let subject = match call.stream.as_str() {
                "panic" => panic!("as told"),
                "never" => {
                    let _guard = Guard(self.abandoned.clone());
                    std::future::pending().await
                }
                "gives up" => {
                    // As a peer does that reads the same deadline a moment earlier.
                    while rpc::remaining().is_some_and(|left| left > Duration::from_millis(4)) {
                        kernel::pause(Duration::from_micros(200)).await;
                    }
                    return Err(fault::Fault::unavailable("another service did not answer"));
                }
                "big" => "x".repeat(5 * 1024 * 1024),
                "remaining" => format!("{}", rpc::remaining().unwrap_or_default().as_millis()),
                "smuggled" => smuggled.to_string(),
                _ => call.principal().subject.clone(),
            };
            Ok(ReadFactsResponse {
                facts: vec![Fact {
                    subject,
                    ..Fact::default()
                }],
                ..ReadFactsResponse::default()
            })
        })
        .await
    }
}

struct Pair {
    channels: Vec<(&'static str, Channel)>,
    abandoned: Arc<AtomicBool>,
}

/// One service, behind a local channel and behind a socket.
async fn pair(concurrency_max: usize) -> Pair {
    let abandoned = Arc::new(AtomicBool::new(false));
    let routes = || {
        Routes::new(FeedServiceServer::new(Obedient {
            abandoned: abandoned.clone(),
        }))
    };
    let stack = || Stack {
        signer: Signer::new(&SECRET),
        red: Red::default(),
        concurrency_max,
    };
    let switchboard = Switchboard::new();
    switchboard.connect(rpc::serve(routes(), &contracts::CONTRACT, stack()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let server =
        tonic::transport::Server::builder().add_routes(rpc::serve(routes(), &contracts::CONTRACT, stack()).unwrap());
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channels = vec![
        ("local", Channel::local(switchboard)),
        ("remote", Channel::remote("ledger", &contracts::CONTRACT, &address)),
    ];
    Pair { channels, abandoned }
}

fn service(channel: &Channel) -> FeedServiceClient<Channel> {
    let principal = Principal::service("points", Tenant::PLATFORM);
    FeedServiceClient::new(
        channel
            .clone()
            .with_principal(Signer::new(&SECRET).sign(&principal).unwrap()),
    )
}

fn ask(stream: &str) -> Request<ReadFactsRequest> {
    Request::new(ReadFactsRequest {
        stream: stream.to_owned(),
        after_position: 0,
        facts_max: 1,
        wait_ms: 0,
        types: Vec::new(),
    })
}

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

async fn subject(channel: &Channel, request: Request<ReadFactsRequest>) -> String {
    service(channel).read_facts(request).await.unwrap().into_inner().facts[0]
        .subject
        .clone()
}

#[tokio::test]
async fn the_principal_crosses_and_nothing_else_does() {
    for (kind, channel) in pair(8).await.channels {
        assert_eq!(subject(&channel, ask("who")).await, "points", "{kind}");
        let mut request = ask("smuggled");
        request.extensions_mut().insert(Smuggled);
        assert_eq!(subject(&channel, request).await, "false", "{kind}");
    }
}

#[tokio::test]
async fn a_deadline_holds_and_is_called_by_its_name() {
    let pair = pair(8).await;
    for (kind, channel) in &pair.channels {
        pair.abandoned.store(false, Ordering::SeqCst);
        let mut request = ask("never");
        request.set_timeout(Duration::from_millis(100));
        let status = service(channel).read_facts(request).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()),
            "{kind}"
        );
        while !pair.abandoned.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_deadline_that_has_passed_begins_nothing() {
    let pair = pair(8).await;
    for (kind, channel) in &pair.channels {
        for stream in ["who", "never"] {
            let mut request = ask(stream);
            request.set_timeout(Duration::ZERO);
            let status = service(channel).read_facts(request).await.unwrap_err();
            assert_eq!(
                (status.code(), reason(&status)),
                (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()),
                "{kind} {stream}"
            );
        }
        assert!(!pair.abandoned.load(Ordering::SeqCst), "{kind}: nothing was begun");
    }
}

#[tokio::test]
async fn a_peer_that_gives_up_at_the_caller_s_deadline_is_told_as_the_deadline() {
    for (kind, channel) in pair(8).await.channels {
        let mut request = ask("gives up");
        request.set_timeout(Duration::from_millis(80));
        let status = service(&channel).read_facts(request).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()),
            "{kind}"
        );
        assert!(status.message().starts_with("the deadline passed"), "{kind}: {status}");
    }
}

#[tokio::test]
async fn the_deadline_is_handed_on_to_the_server() {
    for (kind, channel) in pair(8).await.channels {
        let mut request = ask("remaining");
        request.set_timeout(Duration::from_secs(20));
        let remaining: u64 = subject(&channel, request).await.parse().unwrap();
        assert!((10_000..=20_000).contains(&remaining), "{kind}: {remaining}");
    }
}

#[tokio::test]
async fn dropping_a_call_drops_its_work() {
    let pair = pair(8).await;
    for (_, channel) in &pair.channels {
        pair.abandoned.store(false, Ordering::SeqCst);
        let mut client = service(channel);
        let call = tokio::time::timeout(Duration::from_millis(100), client.read_facts(ask("never")));
        assert!(call.await.is_err());
        while !pair.abandoned.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_panic_is_internal_and_stops_nobody_else() {
    for (kind, channel) in pair(8).await.channels {
        let status = service(&channel).read_facts(ask("panic")).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{kind}");
        assert!(!status.message().contains("as told"), "{kind}");
        assert_eq!(subject(&channel, ask("who")).await, "points", "{kind}");
    }
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused() {
    for (kind, channel) in pair(8).await.channels {
        let status = service(&channel).read_facts(ask("big")).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{kind}: {status}");
    }
}

#[tokio::test]
async fn shape_rules_are_checked_before_the_handler() {
    for (kind, channel) in pair(8).await.channels {
        let wrong = ReadFactsRequest {
            stream: String::new(),
            after_position: -1,
            facts_max: 0,
            wait_ms: -1,
            types: Vec::new(),
        };
        let status = service(&channel).read_facts(wrong).await.unwrap_err();
        let details = status.get_error_details();
        let fields: Vec<&str> = details
            .bad_request()
            .unwrap()
            .field_violations
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(
            (status.code(), fields),
            (
                Code::InvalidArgument,
                vec!["stream", "after_position", "facts_max", "wait_ms"]
            ),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn who_is_too_many_is_turned_away_at_once() {
    for (kind, channel) in pair(1).await.channels {
        let mut first = service(&channel);
        let first = tokio::spawn(async move { first.read_facts(ask("never")).await });
        let status = loop {
            match service(&channel).read_facts(ask("who")).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(status) => break status,
            }
        };
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::ResourceExhausted, "OVERLOADED".to_owned()),
            "{kind}"
        );
        assert!(
            status.get_error_details().retry_info().unwrap().retry_delay.is_some(),
            "{kind}"
        );
        first.abort();
    }
}

#[tokio::test]
async fn an_internal_method_does_not_exist_for_outsiders() {
    let key = |scopes: &[&str]| Principal {
        tenant: Tenant::PLATFORM,
        subject: "key".to_owned(),
        scopes: Scopes::new(scopes.iter().map(|&scope| scope.to_owned())),
        kind: PrincipalKind::Key,
    };
    for (kind, channel) in pair(8).await.channels {
        let signed = Signer::new(&SECRET).sign(&key(&["*", "platform.*"])).unwrap();
        let mut outsider = FeedServiceClient::new(channel.clone().with_principal(signed));
        assert_eq!(
            outsider.read_facts(ask("who")).await.unwrap_err().code(),
            Code::Unimplemented,
            "{kind}"
        );
        let mut nobody = FeedServiceClient::new(channel.clone());
        assert_eq!(
            nobody.read_facts(ask("who")).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{kind}"
        );
        let forged = Signer::new(&[6; 32])
            .sign(&Principal::service("points", Tenant::PLATFORM))
            .unwrap();
        let mut forger = FeedServiceClient::new(channel.with_principal(forged));
        assert_eq!(
            forger.read_facts(ask("who")).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_is_away_is_unavailable() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap()).parse().unwrap();
    drop(nobody);
    for (kind, channel) in [
        ("local", Channel::local(Switchboard::new())),
        ("remote", Channel::remote("ledger", &contracts::CONTRACT, &address)),
    ] {
        let status = service(&channel).read_facts(ask("who")).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::Unavailable, "UNAVAILABLE".to_owned()),
            "{kind}"
        );
    }
}
