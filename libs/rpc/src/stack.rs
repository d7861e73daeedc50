use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use fault::{Common, Fault};
use futures::FutureExt;
use kernel::PrincipalKind;
use telemetry::{Red, Trace};
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tracing::Instrument;

use crate::{Access, Contract, Method, Methods, PRINCIPAL_HEADER, Signer, deadline, explained};

/// How much earlier than its caller a server gives up, so that its own answer, with its own words, still arrives.
const MARGIN_MAX: Duration = Duration::from_millis(2);
/// How long a call may take whose caller named no deadline. Streams may take as long as they need.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// When a caller should come back that was turned away.
const SHED_RETRY_AFTER: Duration = Duration::from_millis(100);

/// What every service is wrapped with.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Verifies who calls.
    pub signer: Signer,
    /// Counts rate, errors and duration of every method.
    pub red: Red,
    /// How many calls may be under way at once; the next one is turned away at once.
    pub concurrency_max: usize,
}

struct Shared {
    methods: &'static Methods,
    stack: Stack,
    permits: Arc<Semaphore>,
}

/// Wraps the routes of a service with what every method owes: trace and figures, deadline, load shedding, panic guard,
/// authentication and policy. Refuses to, and says why, if the contract leaves policy or idempotency open.
pub fn serve(routes: Routes, contract: &'static Contract, stack: Stack) -> Result<Routes, Fault> {
    let methods = contract.methods().map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Fault::internal(faults.join("; "))
    })?;
    let permits = Arc::new(Semaphore::new(stack.concurrency_max));
    let shared = Arc::new(Shared {
        methods,
        stack,
        permits,
    });
    // The last layer is the outermost: a request meets them from the bottom up.
    let router = routes
        .into_axum_router()
        .layer(map_response(in_the_contracts_words))
        .layer(from_fn_with_state(shared.clone(), authorize))
        .layer(from_fn(guard))
        .layer(from_fn_with_state(shared.clone(), shed))
        .layer(from_fn(limit_time))
        .layer(from_fn_with_state(shared, observe));
    Ok(Routes::from(router))
}

/// One span and one count for each call. A method is looked up here, once, for all that follow.
async fn observe(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let Some(method) = shared.methods.at(request.uri().path()) else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(method);
    let span = tracing::info_span!(
        "rpc",
        otel.name = method.full_name,
        otel.kind = "server",
        rpc.grpc.status_code = tracing::field::Empty
    );
    let traceparent = telemetry::extract(request.headers());
    if let Some(traceparent) = traceparent {
        telemetry::set_parent(&span, traceparent);
    }
    let trace = Trace::of(&span, traceparent);
    let started = Instant::now();
    let response = trace.during(next.run(request).instrument(span.clone())).await;
    let code = code(&response);
    span.record("rpc.grpc.status_code", i32::from(code));
    shared.stack.red.served(method.full_name, code, started.elapsed());
    response
}

/// A refusal is told in the headers; a method that answers with a message has not refused.
fn code(response: &Response) -> Code {
    response
        .headers()
        .get("grpc-status")
        .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

async fn limit_time(request: Request, next: Next) -> Response {
    let streams = request
        .extensions()
        .get::<&'static Method>()
        .is_some_and(|method| method.descriptor.is_client_streaming());
    let asked = match deadline::timeout(request.headers()) {
        Ok(asked) => asked,
        Err(fault) => return refuse(fault),
    };
    let timeout = match asked {
        Some(timeout) => timeout.saturating_sub(MARGIN_MAX.min(timeout.checked_div(10).unwrap_or_default())),
        None if streams => return next.run(request).await,
        None => TIMEOUT_DEFAULT,
    };
    // Served over a wire, tonic would end the call at the same moment, with CANCELLED.
    let mut request = request;
    request.headers_mut().remove(deadline::TIMEOUT_HEADER);
    deadline::within(timeout, next.run(request))
        .await
        .unwrap_or_else(refuse)
}

async fn shed(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Ok(permit) = shared.permits.clone().try_acquire_owned() else {
        return refuse(Fault::overloaded(
            "the service has as much work as it can do in time",
            SHED_RETRY_AFTER,
        ));
    };
    let response = next.run(request).await;
    drop(permit);
    response
}

async fn guard(request: Request, next: Next) -> Response {
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    outcome.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        refuse(Fault::internal(format!(
            "a handler panicked: {}",
            words.unwrap_or("without words")
        )))
    })
}

async fn authorize(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let Some(method) = request.extensions().get::<&'static Method>().copied() else {
        // Health and reflection are not contracts of ours and tell nothing of a tenant.
        return match request.uri().path().starts_with("/quanyu.") {
            true => refuse(unknown(request.uri().path())),
            false => next.run(request).await,
        };
    };
    if let Some(header) = request.headers().get(PRINCIPAL_HEADER) {
        match shared.stack.signer.verify(header) {
            Ok(principal) => drop(request.extensions_mut().insert(principal)),
            Err(fault) => return refuse(fault),
        }
    }
    match permit(method, request.extensions().get()) {
        Ok(()) => next.run(request).await,
        Err(fault) => refuse(fault),
    }
}

/// Handlers name their reasons; what is left is the transport's own word about the caller's bytes.
async fn in_the_contracts_words(response: Response) -> Response {
    explained(response.map(Body::new)).map(axum::body::Body::new)
}

/// Whether a principal may call a method, by the policy of its contract; why not, if not.
pub fn permit(method: &Method, principal: Option<&kernel::Principal>) -> Result<(), Fault> {
    let anonymous = || {
        Fault::refused(
            Common::Unauthenticated,
            "send an API key or a token as \"authorization: Bearer <key or token>\"",
        )
    };
    match (&method.access, principal) {
        (Access::Public, _) => Ok(()),
        (Access::Internal | Access::Scopes(_), None) => Err(anonymous()),
        (Access::Internal | Access::Scopes(_), Some(principal)) if principal.kind == PrincipalKind::Service => Ok(()),
        // To an outsider, what is internal does not exist.
        (Access::Internal, Some(_)) => Err(unknown(method.full_name)),
        (Access::Scopes(scopes), Some(principal)) if method.access.admits(&principal.scopes) => {
            debug_assert!(!scopes.is_empty());
            Ok(())
        }
        (Access::Scopes(scopes), Some(_)) => {
            let scopes = scopes.join(" or ");
            let message = format!("the caller lacks the scope {scopes}: ask for a key or a role that has it");
            Err(Fault::refused(Common::ScopeMissing, message).with("scopes", scopes))
        }
    }
}

fn unknown(method: &str) -> Fault {
    let method = method.trim_start_matches('/');
    Fault::refused(Common::MethodUnknown, format!("there is no method {method}")).with("method", method)
}

fn refuse(fault: Fault) -> Response {
    Status::from(fault).into_http()
}
