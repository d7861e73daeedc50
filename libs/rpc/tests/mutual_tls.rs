//! Services that show each other certificates: who is let in, what a caller is told who is not, and that a rotation costs no
//! call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use http::Uri;
use kernel::{Principal, Tenant};
use rpc::{Channel, Signer, Stack, Transport, tls_name};
use telemetry::Red;
use testkit::{Authority, Issued, MountedSecret, until};
use tls::{Acceptor, Certificates, Connector};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status};

const SECRET: [u8; 32] = [7; 32];
const EVERY: Duration = Duration::from_millis(20);
const CALLERS: usize = 4;

struct Feed;

#[tonic::async_trait]
impl FeedService for Feed {
    async fn read_facts(&self, _: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        Ok(Response::new(ReadFactsResponse::default()))
    }
}

/// The ledger, which the shop may call.
async fn ledger(certificates: Option<&Certificates>) -> Uri {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let stack = Stack {
        signer: Signer::new(&SECRET),
        red: Red::default(),
        concurrency_max: 64,
    };
    let routes = rpc::serve(Routes::new(FeedServiceServer::new(Feed)), &contracts::CONTRACT, stack).unwrap();
    let callers = vec![tls_name("shop").unwrap()];
    let acceptor = certificates.map(|certificates| Acceptor::of_callers(certificates, callers));
    let server = Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(rpc::incoming(listener, acceptor)));
    address
}

struct Held {
    secret: MountedSecret,
    certificates: Certificates,
}

impl Held {
    fn new(ca: &str, own: &Issued) -> Self {
        let secret = MountedSecret::new(ca, own);
        let certificates = Certificates::watch_every(EVERY, "mesh_tls", secret.files()).unwrap();
        Self { secret, certificates }
    }

    /// Exchanges the content, and waits until it is used.
    async fn rotate(&mut self, ca: &str, own: &Issued) {
        let before = self.certificates.standing().expires;
        self.secret.put(ca, own);
        until("whether the new certificate is used", true, async || {
            self.certificates.standing().expires != before
        })
        .await;
    }

    fn transport(&self) -> Transport {
        Transport::Tls(Connector::new(&self.certificates))
    }
}

async fn call(channel: &Channel) -> Result<(), Status> {
    let principal = Signer::new(&SECRET)
        .sign(&Principal::service("shop", Tenant::PLATFORM))
        .unwrap();
    let request = ReadFactsRequest {
        stream: "ledger".to_owned(),
        facts_max: 1,
        ..ReadFactsRequest::default()
    };
    let mut client = FeedServiceClient::new(channel.clone().with_principal(principal));
    client.read_facts(request).await.map(drop)
}

/// What the caller of a service that cannot be reached is told, and what its log says.
async fn refused(transport: &Transport, address: &Uri) -> String {
    let channel = transport.remote("ledger", &contracts::CONTRACT, address);
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(
        status.message().starts_with("the service ledger cannot be reached"),
        "{status:?}"
    );
    channel.check(Duration::from_secs(5)).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_called_by_those_alone_who_may_and_others_are_told_why_not() {
    let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
    let of_ledger = Held::new(ca.pem(), &ca.issue(&["ledger.quanyu"]));
    let address = ledger(Some(&of_ledger.certificates)).await;
    let shop = Held::new(ca.pem(), &ca.issue(&["shop.quanyu"]));
    call(&shop.transport().remote("ledger", &contracts::CONTRACT, &address))
        .await
        .unwrap();

    let told = refused(&Transport::Plain, &address).await;
    assert!(
        told.contains("a peer that has mesh_tls takes callers alone that have it too"),
        "{told}"
    );
    for (trusted, own, sentence) in [
        (
            ca.pem(),
            stranger.issue(&["shop.quanyu"]),
            "does not accept the certificate of this process (UnknownCA)",
        ),
        (
            ca.pem(),
            ca.issue(&["other.quanyu"]),
            "does not accept the certificate of this process (CertificateUnknown)",
        ),
        (
            stranger.pem(),
            ca.issue(&["shop.quanyu"]),
            "none of the CAs that are trusted here has issued the certificate",
        ),
    ] {
        let told = refused(&Held::new(trusted, &own).transport(), &address).await;
        assert!(told.contains(sentence), "{told}");
    }
    let other = Held::new(ca.pem(), &ca.issue(&["other.quanyu"]));
    let of_other = ledger(Some(&other.certificates)).await;
    let told = refused(&shop.transport(), &of_other).await;
    assert!(
        told.contains("the certificate of ledger.quanyu is not accepted"),
        "{told}"
    );
    let plain = ledger(None).await;
    let told = refused(&shop.transport(), &plain).await;
    assert!(told.contains("ledger.quanyu speaks no TLS there"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_cas_are_rotated_under_load_and_no_call_fails() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let left = time::Duration::hours;
    let mut of_ledger = Held::new(old.pem(), &old.issue_until(&["ledger.quanyu"], left(1)));
    let mut of_shop = Held::new(old.pem(), &old.issue_until(&["shop.quanyu"], left(1)));
    let address = ledger(Some(&of_ledger.certificates)).await;
    let (calls, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let transport = of_shop.transport();
    let standing = transport.remote("ledger", &contracts::CONTRACT, &address);
    let callers: Vec<_> = (0..CALLERS)
        .map(|at| {
            let (calls, is_over) = (calls.clone(), is_over.clone());
            let (transport, standing, address) = (transport.clone(), standing.clone(), address.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    // Half of the callers go on over connections that stand, the others open one for each call.
                    let channel = match at % 2 {
                        0 => standing.clone(),
                        _ => transport.remote("ledger", &contracts::CONTRACT, &address),
                    };
                    call(&channel).await.unwrap();
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let more = async || {
        let enough = calls.load(Ordering::SeqCst) + 40;
        until("whether there were calls", true, async || {
            calls.load(Ordering::SeqCst) >= enough
        })
        .await;
    };
    more().await;
    // Both trust both, then each shows what the new CA has issued, then nobody trusts the old one.
    of_ledger
        .rotate(&both, &old.issue_until(&["ledger.quanyu"], left(2)))
        .await;
    of_shop.rotate(&both, &old.issue_until(&["shop.quanyu"], left(2))).await;
    more().await;
    of_ledger
        .rotate(&both, &new.issue_until(&["ledger.quanyu"], left(3)))
        .await;
    more().await;
    of_shop.rotate(&both, &new.issue_until(&["shop.quanyu"], left(3))).await;
    more().await;
    of_ledger
        .rotate(new.pem(), &new.issue_until(&["ledger.quanyu"], left(4)))
        .await;
    of_shop
        .rotate(new.pem(), &new.issue_until(&["shop.quanyu"], left(4)))
        .await;
    more().await;
    is_over.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    let late = Held::new(&both, &old.issue(&["shop.quanyu"]));
    let told = refused(&late.transport(), &address).await;
    assert!(told.contains("UnknownCA"), "{told}");
}
