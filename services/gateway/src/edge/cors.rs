//! Who may call from a page of another origin, as browsers ask before they do (CORS).

use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The headers that a page may send, besides those that it always may.
const SENT: [HeaderName; 12] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("connect-protocol-version"),
    HeaderName::from_static("connect-timeout-ms"),
    HeaderName::from_static("connect-content-encoding"),
    HeaderName::from_static("connect-accept-encoding"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];
/// The headers of an answer that a page may read.
const READ: [HeaderName; 5] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    RETRY_AFTER,
    WWW_AUTHENTICATE,
];
/// The methods of all addresses.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// How long a browser may rely on what it was told, which most of them cut to two hours.
const MAX_AGE: Duration = Duration::from_hours(2);

/// Any page: keys and tokens come in headers that a browser adds for nobody.
const ANY: &str = "*";

/// An origin: `https://shop.example`, or `*` for any page.
pub fn check_origin(origin: &str) -> Result<(), &'static str> {
    const MUST: &str = "must be the scheme and host of a page, such as https://shop.example, or * for any";
    if origin == ANY {
        return Ok(());
    }
    let uri: http::Uri = origin.parse().map_err(|_| MUST)?;
    let is_origin = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        // As a browser writes it: without a path, not even a slash.
        && uri.scheme_str().zip(uri.authority()).is_some_and(|(scheme, authority)| {
            origin == format!("{scheme}://{authority}")
        })
        && origin.to_ascii_lowercase() == origin;
    is_origin.then_some(()).ok_or(MUST)
}

/// Answers browsers that ask, and tells them who may read an answer; none where no page of another origin may call.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = match origins.iter().any(|origin| origin == ANY) {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let cors = CorsLayer::new().allow_origin(allowed).allow_methods(METHODS);
    Some(cors.allow_headers(SENT).expose_headers(READ).max_age(MAX_AGE))
}
