//! A receiver of webhooks: it verifies what it gets as a brand's system would, and behaves as the test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA256, Key, verify};
use serde_json::Value;
use tokio::net::TcpListener;

/// What a receiver answers to a body.
type Behaviour = Box<dyn Fn(&Value) -> Answer + Send>;

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Status(u16),
    RetryAfter(u16, u64),
    Redirect(&'static str),
    /// None at all.
    Silence,
}

/// What has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    raw: Vec<u8>,
    pub(crate) status: u16,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    shared: Arc<Mutex<Shared>>,
    address: std::net::SocketAddr,
}

struct Shared {
    arrivals: Vec<Arrival>,
    behaviour: Behaviour,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            arrivals: Vec::new(),
            behaviour: Box::new(|_| Answer::Status(204)),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn behave(&self, behaviour: impl Fn(&Value) -> Answer + Send + 'static) {
        self.shared().behaviour = Box::new(behaviour);
    }

    /// Everything that has arrived, in its order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared().arrivals.clone()
    }

    /// The amounts that were taken, in their order.
    pub(crate) fn taken(&self, subject: &str) -> Vec<i64> {
        let arrivals = self.arrivals();
        let taken = arrivals.iter().filter(|arrival| (200..300).contains(&arrival.status));
        let of_subject = taken.filter(|arrival| arrival.body["subject"] == subject);
        of_subject.map(Arrival::amount).collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }
}

impl Arrival {
    /// The amount of points that the fact tells of.
    pub(crate) fn amount(&self) -> i64 {
        self.body["data"]["amount"].as_str().unwrap().parse().unwrap()
    }

    /// How many of its signatures are by the secret.
    pub(crate) fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let content = format!("{}.{}.", self.id, self.headers["webhook-timestamp"]);
        let content = [content.as_bytes(), &self.raw].concat();
        let signatures = self.headers["webhook-signature"].split(' ');
        let right = signatures.filter(|signature| {
            let tag = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            verify(&Key::new(HMAC_SHA256, &key), &content, &tag).is_ok()
        });
        right.count()
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, raw: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&raw).unwrap();
    let answer = {
        let mut shared = shared.lock().unwrap();
        let answer = (shared.behaviour)(&body);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let headers: BTreeMap<String, String> = headers.collect();
        shared.arrivals.push(Arrival {
            id: headers["webhook-id"].clone(),
            headers,
            body,
            raw: raw.to_vec(),
            status: match answer {
                Answer::Status(status) | Answer::RetryAfter(status, _) => status,
                Answer::Redirect(_) => 302,
                Answer::Silence => 0,
            },
        });
        answer
    };
    match answer {
        Answer::Status(status) => (StatusCode::from_u16(status).unwrap(), "thank you".repeat(1_000)).into_response(),
        Answer::RetryAfter(status, seconds) => {
            let headers = [("retry-after", seconds.to_string())];
            (StatusCode::from_u16(status).unwrap(), headers).into_response()
        }
        Answer::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        Answer::Silence => std::future::pending().await,
    }
}
