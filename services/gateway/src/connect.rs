//! Connect, the protocol of Connect's clients and of browsers with a plain `fetch`: <https://connectrpc.com/docs/protocol>.
//!
//! A call of one message is an HTTP request whose body is that message, in JSON or protobuf, and whose answer has a status of
//! HTTP; methods that change nothing may be asked by GET. Streams are envelopes, as in gRPC, the last of which says how the
//! stream ended. So a call becomes one of gRPC and goes its way: the same caller is let in, counted, audited and passed on.
//! JSON is read and written as by REST.

mod answer;
mod asked;
mod error;
mod request;

use std::sync::Arc;

use http::{Request, Response};
use rpc::{CONNECT_TIMEOUT_HEADER, timeout};
use tonic::body::Body;

use crate::edge::{Edge, pass};
use crate::rest::{RestError, Spelt};

pub(crate) use asked::Asked;

/// Answers a call.
pub(crate) async fn answer(edge: &Edge, asked: Result<Asked, RestError>, request: Request<Body>) -> Response<Body> {
    let errors = &edge.contracts.errors;
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => return error::whole(&error, errors),
    };
    let spelling = Arc::new(match asked.is_enveloped {
        true => Spelt::stream(asked.method.descriptor.is_server_streaming()),
        false => Spelt::default(),
    });
    let (mut called, mut refusal) = match request::of_grpc(edge, &asked, request, &spelling) {
        Ok(called) => called,
        Err(error) => return answer::refused(&asked, &error, errors),
    };
    // A caller of one message waits as long as one of REST, who names no deadline either.
    if !asked.is_enveloped && matches!(timeout(called.headers()), Ok(None)) {
        called
            .headers_mut()
            .insert(CONNECT_TIMEOUT_HEADER, request::millis(edge.config.timeout));
    }
    let answered = refusal.or(async { Ok(pass(edge, called).await) }).await;
    match answered {
        Ok(response) if asked.is_enveloped => answer::stream(asked, response, refusal, errors.clone(), spelling),
        Ok(response) => answer::one(&asked, response, errors, &spelling).await,
        Err(error) => answer::refused(&asked, &asked.spelled(error, &spelling), errors),
    }
}
