//! The one address over TLS: both versions of HTTP, REST and gRPC, and certificates that are rotated.

use std::sync::Arc;
use std::time::Duration;

use ::tls::{Acceptor, Certificates, ServerName};
use bytes::Bytes;
use contracts_points::v1::RedeemPointsRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use gateway::GatewayConfig;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use testkit::{Authority, Issued, MountedSecret, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Code;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::platform::Platform;

const NAME: &str = "api.example.com";

struct Safe {
    platform: Platform,
    certificates: Certificates,
    secret: MountedSecret,
    ca: Authority,
}

impl Safe {
    async fn start() -> Self {
        let ca = Authority::new("customers trust it");
        let secret = MountedSecret::new(ca.pem(), &ca.issue(&[NAME]));
        let files = ::tls::Files {
            ca: None,
            ..secret.files()
        };
        let certificates = Certificates::watch_every(Duration::from_millis(20), "tls", files).unwrap();
        let acceptor = Acceptor::of_anybody(&certificates);
        let platform = Platform::start_over(GatewayConfig::default(), Some(acceptor)).await;
        Self {
            platform,
            certificates,
            secret,
            ca,
        }
    }

    /// A client's connection, which speaks this version of HTTP.
    async fn connect(&self, version: &str) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.ca.pem(), version, self.platform.address).await
    }

    async fn rotate(&mut self, own: &Issued) {
        let before = self.certificates.standing().expires;
        self.secret.put(self.ca.pem(), own);
        until("whether the new certificate is used", true, async || {
            self.certificates.standing().expires != before
        })
        .await;
    }

    fn tenant(&self) -> Request<Empty<Bytes>> {
        let uri = format!("https://{NAME}/v1/tenant");
        let request = Request::get(uri).header("host", NAME);
        let request = request.header("x-api-key", self.platform.first.secret.reveal());
        request.body(Empty::new()).unwrap()
    }

    /// A generated client's connection.
    async fn grpc(&self) -> tonic::transport::Channel {
        let (ca, address) = (self.ca.pem().to_owned(), self.platform.address);
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let opened = service_fn(move |_| {
            let ca = ca.clone();
            async move { connect(&ca, "h2", address).await.map(TokioIo::new) }
        });
        endpoint.connect_with_connector(opened).await.unwrap()
    }

    async fn redeem(&self, channel: &tonic::transport::Channel) -> Code {
        let mut request = tonic::Request::new(RedeemPointsRequest {
            request_id: "order-1".to_owned(),
            member_id: "mbr_1".to_owned(),
            asset_code: "points".to_owned(),
            amount: 500,
            ..RedeemPointsRequest::default()
        });
        let key = self.platform.first.secret.reveal().parse().unwrap();
        request.metadata_mut().insert("x-api-key", key);
        let answer = PointsServiceClient::new(channel.clone()).redeem_points(request).await;
        answer.map_or_else(|status| status.code(), |_| Code::Ok)
    }
}

async fn connect(ca: &str, version: &str, address: std::net::SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![version.as_bytes().to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_over_both_versions_of_http_and_grpc_share_the_address() {
    let safe = Safe::start().await;
    let stream = safe.connect("http/1.1").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (mut client, serving) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(serving);
    let answer = client.send_request(safe.tenant()).await.unwrap();
    assert_eq!(answer.status(), 200);

    let stream = safe.connect("h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, serving) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(serving);
    let answer = client.send_request(safe.tenant()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.collect().await.unwrap().to_bytes().is_empty());

    assert_eq!(safe.redeem(&safe.grpc().await).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_plain_text_and_one_that_trusts_others_get_nothing() {
    let safe = Safe::start().await;
    let mut plain = TcpStream::connect(safe.platform.address).await.unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");

    let stranger = Authority::new("stranger");
    let refused = connect(stranger.pem(), "h2", safe.platform.address).await.unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_to_new_connections_while_open_ones_go_on() {
    let mut safe = Safe::start().await;
    let shown = async |safe: &Safe| {
        let stream = safe.connect("h2").await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let (open, first) = (safe.grpc().await, shown(&safe).await);
    let own = safe.ca.issue_until(&[NAME], time::Duration::hours(2));
    safe.rotate(&own).await;
    assert_ne!(shown(&safe).await, first);
    assert_eq!(safe.redeem(&open).await, Code::Ok);
}
