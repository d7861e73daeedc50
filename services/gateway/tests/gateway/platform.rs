use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gateway::{FirstKey, FirstSecret, Gateway, GatewayConfig, GatewayDeps, IssuerStandings, bootstrap};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kernel::{Clock, Time};
use rpc::{Channel, Peers, Signer, Stack, Switchboard};
use runtime::{Deps, Readiness};
use serde_json::Value;
use store::Db;
use telemetry::Red;
use testkit::TestDb;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::service::Routes;

use crate::played;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Time = Time::from_seconds(1_767_225_600);

/// A gateway on a port of its own, its service, and played services behind it.
pub(crate) struct Platform {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    /// The first key of the platform, which may do everything.
    pub(crate) first: FirstKey,
    pub(crate) readiness: Readiness,
    /// How the issuers of tokens stand.
    pub(crate) issuers: IssuerStandings,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    _test_db: Option<TestDb>,
}

/// What REST answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The detail of an error with the given type.
    pub(crate) fn detail(&self, name: &str) -> Value {
        let json = self.json();
        let details = json["details"].as_array().unwrap_or_else(|| panic!("{json}"));
        let is_it = |detail: &&Value| detail["@type"] == format!("type.googleapis.com/google.rpc.{name}");
        details
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("no {name} in {json}"))
            .clone()
    }

    /// The reason of an error.
    pub(crate) fn reason(&self) -> String {
        self.detail("ErrorInfo")["reason"].as_str().unwrap().to_owned()
    }

    /// The paths of the fields that are wrong.
    pub(crate) fn violations(&self) -> Vec<String> {
        let detail = self.detail("BadRequest");
        let violations = detail["fieldViolations"].as_array().unwrap();
        violations
            .iter()
            .map(|violation| violation["field"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Platform {
    pub(crate) async fn start() -> Self {
        Self::start_with(GatewayConfig::default()).await
    }

    pub(crate) async fn start_with(config: GatewayConfig) -> Self {
        Self::start_over(config, None).await
    }

    /// The same, over TLS where there is an acceptor.
    pub(crate) async fn start_over(config: GatewayConfig, tls: Option<tls::Acceptor>) -> Self {
        let test_db = TestDb::new(gateway::migrations()).await;
        let (db, clock) = (test_db.db(), Clock::manual(START));
        let begun = bootstrap(&db, &clock, FirstSecret::Generated).await.unwrap();
        let first = begun.first_key().unwrap().clone();
        Self::over(config, tls, (db, clock, first), Some(test_db)).await
    }

    /// Another gateway over the same database.
    pub(crate) async fn beside(&self, config: GatewayConfig) -> Self {
        let same = (self.db.clone(), self.clock.clone(), self.first.clone());
        Self::over(config, None, same, None).await
    }

    async fn over(
        config: GatewayConfig,
        tls: Option<tls::Acceptor>,
        (db, clock, first): (Db, Clock, FirstKey),
        test_db: Option<TestDb>,
    ) -> Self {
        let signer = Signer::new(&[3; 32]);
        let stack = Stack {
            signer: signer.clone(),
            red: Red::default(),
            concurrency_max: 1_000,
        };
        let join = |routes: Routes| {
            let switchboard = Switchboard::new();
            switchboard.connect(rpc::serve(routes, &contracts_all::CONTRACT, stack.clone()).unwrap());
            Channel::local(switchboard)
        };
        let peers = Peers::new(gateway::NAME, signer.clone(), BTreeMap::new());
        let service = gateway::service(Deps {
            clock: clock.clone(),
            db: db.clone(),
            peers,
            facts: Arc::new(runtime::NoFacts),
            red: Red::default(),
        });
        let played = join(played::routes());
        let channels = BTreeMap::from([
            (gateway::NAME.to_owned(), join(service.routes)),
            ("identity".to_owned(), played.clone()),
            ("points".to_owned(), played.clone()),
            ("tagging".to_owned(), played),
        ]);
        let readiness = Readiness::default();
        readiness.started(Arc::new(BTreeMap::from([(gateway::NAME, db.clone())])), BTreeMap::new());
        let issuers = IssuerStandings::default();
        let deps = GatewayDeps {
            clock: clock.clone(),
            db: db.clone(),
            signer,
            channels,
            readiness: readiness.clone(),
            tls,
            issuers: issuers.clone(),
        };
        let gateway = Gateway::new(config, deps).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(gateway.serve(listener, async move { drop(stopped.await) }));
        Self {
            address,
            clock,
            db,
            first,
            readiness,
            issuers,
            stop: Some(stop),
            serving: Some(serving),
            _test_db: test_db,
        }
    }

    /// Tells the gateway to stop; answers when it has.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        self.serving.take().unwrap().await.unwrap();
    }

    /// A connection for generated clients.
    pub(crate) async fn connect(&self) -> tonic::transport::Channel {
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// How the process stands, as its operators are told.
    pub(crate) async fn own_report(&self) -> String {
        serde_json::to_string(&self.readiness.report().await).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("x-api-key", self.first.secret.reveal())], "")
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        let key = ("x-api-key", self.first.secret.reveal());
        self.send("POST", path, &[key, ("content-type", "application/json")], body)
            .await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl ToString) -> Answer {
        let body = Bytes::from(body.to_string());
        let (parts, body) = self.send_raw(method, path, headers, body).await;
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The same for bodies that are no text.
    pub(crate) async fn send_raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> (http::response::Parts, Bytes) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let response = Client::builder(TokioExecutor::new())
            .build_http()
            .request(request)
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        (parts, body.collect().await.unwrap().to_bytes())
    }
}
