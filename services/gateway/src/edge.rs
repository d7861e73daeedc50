//! The one address: takes connections, tells gRPC from REST, and answers requests that belong to no service.

mod access_log;
mod callbacks;
mod config;
mod cors;
mod docs;
mod grpc;
mod grpc_web;
mod listen;
mod probes;
mod reflection;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use fault::{Common, Fault};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method as HttpMethod, Request, Response, StatusCode};
use http_body_util::Full;
use kernel::Clock;
use rpc::{Access, Channel, Method, Signer};
use runtime::Readiness;
use store::Db;
use tonic::body::Body;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;

use crate::audit;
use crate::audit::log::AuditLog;
use crate::caller::{Caller, Callers};
use crate::connect;
use crate::connect::Asked;
use crate::contract::{ContractError, Contracts};
use crate::key::keyring::Keyring;
use crate::limit::meter::Meter;
use crate::openapi;
use crate::rest;
use crate::rest::RestError;
use crate::token::{IssuerStandings, Tokens};
use access_log::AccessLog;
use callbacks::Callbacks;
use probes::Probes;

pub use config::{ConnectionLimits, Exposure, GatewayConfig};
pub use cors::check_origin;
pub(crate) use grpc::pass;

const SERVING: Bytes = Bytes::from_static(b"{\"status\":\"SERVING\"}");

/// The dependencies of the gateway.
#[derive(Clone)]
pub struct GatewayDeps {
    /// The platform's clock, by which keys expire.
    pub clock: Clock,
    /// Where the API keys are: the gateway's own database.
    pub db: Db,
    /// Signs the caller's principal for the services.
    pub signer: Signer,
    /// The services by their names; the gateway's own among them.
    pub channels: BTreeMap<String, Channel>,
    /// Whether the process can do its work.
    pub readiness: Readiness,
    /// Agrees on TLS with clients; absent: they speak plain text.
    pub tls: Option<tls::Acceptor>,
    /// Where others see how the issuers of tokens stand.
    pub issuers: IssuerStandings,
}

/// The one address for gRPC and REST.
pub struct Gateway {
    edge: Arc<Edge>,
}

/// A caller who was let in, and the way to the service of the method.
pub(crate) struct Admitted {
    /// None where the method asks for no credential, and there was none.
    pub(crate) caller: Option<Caller>,
    pub(crate) channel: Channel,
}

impl Admitted {
    /// The caller of a method whose calls are audited.
    pub(crate) fn audited(&self, method: &Method) -> Option<&Caller> {
        self.caller
            .as_ref()
            .filter(|caller| audit::call::is_audited(method, caller))
    }
}

/// The state that every request needs.
pub(crate) struct Edge {
    pub(crate) config: GatewayConfig,
    pub(crate) contracts: Contracts,
    pub(crate) audit: AuditLog,
    callbacks: Callbacks,
    callers: Callers,
    meter: Meter,
    channels: BTreeMap<String, Channel>,
    probes: Probes,
    tls: Option<tls::Acceptor>,
    openapi: Bytes,
    /// Absent: no page of another origin may call.
    cors: Option<CorsLayer>,
}

impl Gateway {
    /// Reads the contracts. A fault in them is an error here, before anything listens.
    pub fn new(config: GatewayConfig, deps: GatewayDeps) -> Result<Self, ContractError> {
        let contracts = Contracts::read()?;
        let openapi = serde_json::to_vec(&openapi::document(&contracts.router)?)?.into();
        let readiness = deps.readiness;
        let probes = Probes::new(readiness.clone())?;
        let callbacks = Callbacks::new(deps.channels.get("channels").cloned(), deps.signer.clone());
        let callers = Callers {
            keyring: Keyring::new(deps.db.clone(), deps.clock.clone(), deps.signer.clone()),
            tokens: Tokens::new(deps.db.clone(), deps.signer, config.issuers.clone()),
        };
        callers.tokens.show(&deps.issuers);
        readiness.degraded_by("issuers", callers.tokens.troubles());
        let meter = Meter::new(deps.db.clone(), deps.clock.clone(), config.default_limits);
        let audit = AuditLog {
            db: deps.db,
            clock: deps.clock,
        };
        let edge = Edge {
            cors: cors::layer(&config.cors_origins),
            config,
            contracts,
            audit,
            callbacks,
            callers,
            meter,
            channels: deps
                .channels
                .into_iter()
                .map(|(name, channel)| (name, channel.patient()))
                .collect(),
            probes,
            tls: deps.tls,
            openapi,
        };
        Ok(Self { edge: Arc::new(edge) })
    }

    /// The `OpenAPI` document, as `/openapi.json` answers with it.
    pub fn openapi(&self) -> &[u8] {
        &self.edge.openapi
    }
}

impl Edge {
    /// Answers one request, whatever it is, and tells a browser whose page may read the answer.
    async fn respond_to_all(&self, request: Request<Body>) -> Response<Body> {
        let Some(cors) = &self.cors else {
            return self.respond_in_any_dialect(request).await;
        };
        let answering = service_fn(async |request| Ok::<_, Infallible>(self.respond_in_any_dialect(request).await));
        match cors.layer(answering).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    async fn respond_in_any_dialect(&self, request: Request<Body>) -> Response<Body> {
        match grpc_web::is_grpc_web(request.headers()) {
            true => grpc_web::answer(self, request).await,
            false => self.respond(request).await,
        }
    }

    async fn respond(&self, request: Request<Body>) -> Response<Body> {
        let log = AccessLog::begin(&request);
        let response = log.within(Box::pin(self.route(request))).await;
        log.end(response)
    }

    async fn route(&self, mut request: Request<Body>) -> Response<Body> {
        if grpc::is_grpc(request.headers()) {
            return grpc::pass(self, request).await;
        }
        if let Some(asked) = Asked::of(&self.contracts, &request) {
            return Box::pin(connect::answer(self, asked, request)).await;
        }
        // HEAD is what GET would answer, without the body (RFC 9110, 9.3.2).
        let is_head = *request.method() == HttpMethod::HEAD;
        if is_head {
            *request.method_mut() = HttpMethod::GET;
        }
        let answer = self.answer(request).await;
        let answer = answer.unwrap_or_else(|error| self.refuse(&error));
        if is_head { without_body(answer) } else { answer }
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, RestError> {
        let own = request.uri().path();
        if callbacks::is_callback(own) {
            return callbacks::answer(self, request).await;
        }
        let is_of_docs = own == "/docs" || own.starts_with("/docs/");
        if !is_of_docs && !matches!(own, "/healthz" | "/readyz" | "/openapi.json") {
            return rest::call(self, request).await;
        }
        if *request.method() != HttpMethod::GET {
            return Err(RestError::other_methods(request.method(), &[&HttpMethod::GET]));
        }
        Ok(match own {
            "/healthz" => json(SERVING),
            "/readyz" => self.readiness().await,
            _ if !self.may_see(self.config.documents, request.headers()).await? => {
                return Err(RestError::no_address(own, self.config.documents));
            }
            "/openapi.json" => json(self.openapi.clone()),
            _ => docs::answer(own)?.ok_or_else(|| RestError::no_address(own, self.config.documents))?,
        })
    }

    async fn readiness(&self) -> Response<Body> {
        let report = self.probes.ready().await;
        let mut response = json(serde_json::to_vec(&report).unwrap_or_default().into());
        if !report.is_ready() {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    }

    fn refuse(&self, error: &RestError) -> Response<Body> {
        error.response(&self.contracts.errors).map(Body::new)
    }

    /// Whether a caller may see what is exposed so; refuses one who has to say first who it is.
    async fn may_see(&self, exposure: Exposure, headers: &HeaderMap) -> Result<bool, Fault> {
        match exposure {
            Exposure::On => Ok(true),
            Exposure::Off => Ok(false),
            Exposure::Key => match self.callers.find(headers).await? {
                Some(_) => Ok(true),
                None => Err(anonymous()),
            },
        }
    }

    /// The channel to the service of a method, with the caller's signed principal. The gateway decides who calls; the service
    /// decides whether that caller may call the method.
    pub(crate) async fn admit(&self, method: &'static Method, headers: &HeaderMap) -> Result<Admitted, Fault> {
        access_log::method(method.full_name);
        let caller = self.callers.find(headers).await?;
        if let Some(caller) = &caller {
            access_log::caller(caller);
            self.meter.count(caller).await?;
        }
        let channel = self.channels.get(method.service).cloned();
        let channel = channel.ok_or_else(|| rpc::unknown_peer(method.service))?;
        match (caller, &method.access) {
            (Some(caller), _) => Ok(Admitted {
                channel: channel.with_principal(caller.principal.clone()),
                caller: Some(caller),
            }),
            (None, Access::Public) => Ok(Admitted { caller: None, channel }),
            (None, Access::Scopes(_) | Access::Internal) => Err(anonymous()),
        }
    }
}

fn anonymous() -> Fault {
    Fault::refused(
        Common::Unauthenticated,
        "send an API key: \"authorization: Bearer qy_...\" or \"x-api-key: qy_...\"; or a token (JWT) of an issuer that the \
         platform trusts: \"authorization: Bearer ...\"",
    )
}

fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(body)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to HEAD. It tells the length that the body would have, where that is known.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if let Some(length) = http_body::Body::size_hint(&body).exact() {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, Body::empty())
}
