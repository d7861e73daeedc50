//! gRPC-Web, the dialect of browsers, whose trailers are the last part of the body. It is translated at the edge, and goes the
//! way of gRPC from there.

use std::convert::Infallible;

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Request, Response, Version};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt, service_fn};

use super::Edge;

/// As tonic-web reads them.
const CONTENT_TYPES: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// Whether a request is gRPC-Web.
pub(super) fn is_grpc_web(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type.is_some_and(|content_type| CONTENT_TYPES.iter().any(|known| content_type == known))
}

/// Answers a request of gRPC-Web.
pub(super) async fn answer(edge: &Edge, request: Request<Body>) -> Response<Body> {
    let grpc = service_fn(async |mut request: Request<Body>| {
        // It has its trailers in its body, and so needs no HTTP/2.
        *request.version_mut() = Version::HTTP_2;
        Ok::<_, Infallible>(edge.respond(request).await)
    });
    match GrpcWebLayer::new().layer(grpc).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
