//! A platform of one method, for what depends on how it fails: it answers as a script says.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use quanyu_sdk::points::{RedeemPointsRequest, RedeemPointsResponse};
use quanyu_sdk::{Client, Options};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// What becomes of one attempt.
#[derive(Clone)]
pub(crate) enum Turn {
    Refusal(Status),
    /// An answer, after so long.
    After(Duration),
}

/// One that goes through the turns, and then answers at once.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Script>);

struct Script {
    address: String,
    turns: Mutex<VecDeque<Turn>>,
    seen: Mutex<Vec<(RedeemPointsRequest, Instant)>>,
}

impl Fake {
    pub(crate) async fn of(turns: impl IntoIterator<Item = Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self(Arc::new(Script {
            address: format!("http://{}", listener.local_addr().unwrap()),
            turns: Mutex::new(turns.into_iter().collect()),
            seen: Mutex::default(),
        }));
        let serving = Server::builder()
            .add_service(fake.clone())
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        fake
    }

    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    pub(crate) fn client(&self, options: Options) -> Client {
        Client::with(self.address(), "qy_any", options).unwrap()
    }

    /// The request ids that arrived.
    pub(crate) fn request_ids(&self) -> Vec<String> {
        self.0
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|(request, _)| request.request_id.clone())
            .collect()
    }

    /// How long after the first attempt the second one came.
    pub(crate) fn pause(&self) -> Duration {
        let seen = self.0.seen.lock().unwrap();
        seen[1].1 - seen[0].1
    }
}

impl NamedService for Fake {
    const NAME: &'static str = "quanyu.points.v1.PointsService";
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(fake, request).await) })
    }
}

impl UnaryService<RedeemPointsRequest> for Fake {
    type Response = RedeemPointsResponse;
    type Future = BoxFuture<'static, Result<Response<RedeemPointsResponse>, Status>>;

    fn call(&mut self, request: Request<RedeemPointsRequest>) -> Self::Future {
        let is_shown = request
            .metadata()
            .get("authorization")
            .is_some_and(|key| key == "Bearer qy_any");
        assert!(is_shown, "the key comes with every attempt");
        self.0.seen.lock().unwrap().push((request.into_inner(), Instant::now()));
        let turn = self.0.turns.lock().unwrap().pop_front();
        Box::pin(async move {
            match turn {
                Some(Turn::Refusal(status)) => return Err(status),
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a slow platform has no clock that could be turned"
                )]
                Some(Turn::After(time)) => tokio::time::sleep(time).await,
                None => {}
            }
            Ok(Response::new(RedeemPointsResponse::default()))
        })
    }
}
