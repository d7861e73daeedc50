//! The page at `/docs`: the document of the addresses, to be read and tried in a browser, without a network beyond the
//! gateway. It is Swagger UI, from the archive that a crate carries, and a page of ours that leads it to `/openapi.json`.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::OnceLock;

use bytes::Bytes;
use fault::Fault;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use tonic::body::Body;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const PAGE: &str = include_str!("docs.html");
const START: &str = include_str!("docs.js");
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The files of Swagger UI that the page asks for.
const FILES: [(&str, &str); 3] = [
    ("swagger-ui-bundle.js", SCRIPT),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("favicon-32x32.png", "image/png"),
];
/// Nothing from elsewhere. Swagger UI writes styles into its page, and its pictures stand in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What is at an address below `/docs`; none where nothing is.
pub(super) fn answer(path: &str) -> Result<Option<Response<Body>>, Fault> {
    let name = match path.strip_prefix("/docs") {
        // The page names its files beside itself.
        Some("") => return Ok(Some(moved())),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    let Some(name) = name else { return Ok(None) };
    let (content_type, body) = match name {
        "" => ("text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes())),
        "start.js" => (SCRIPT, Bytes::from_static(START.as_bytes())),
        name => match FILES.iter().find(|(known, _)| *known == name) {
            Some((name, content_type)) => (*content_type, file(name)?),
            None => return Ok(None),
        },
    };
    let mut response = Response::new(Body::new(Full::new(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(Some(response))
}

fn moved() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static("/docs/"));
    response
}

/// A file of Swagger UI. They are unpacked when the first of them is asked for.
fn file(name: &str) -> Result<Bytes, Fault> {
    static UNPACKED: OnceLock<Result<BTreeMap<&'static str, Bytes>, String>> = OnceLock::new();
    let unpacked = UNPACKED.get_or_init(|| unpacked().map_err(|error| error.to_string()));
    let files = unpacked.as_ref().map_err(|error| Fault::internal(error.clone()))?;
    files
        .get(name)
        .cloned()
        .ok_or_else(|| Fault::internal("a file of the page is missing"))
}

fn unpacked() -> zip::result::ZipResult<BTreeMap<&'static str, Bytes>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let inside: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()?;
    let mut files = BTreeMap::new();
    for (name, _) in FILES {
        let ending = format!("/dist/{name}");
        let place = inside.iter().find(|place| place.ends_with(&ending));
        let place = place.ok_or(zip::result::ZipError::FileNotFound)?;
        let mut bytes = Vec::new();
        archive.by_name(place)?.read_to_end(&mut bytes)?;
        files.insert(name, bytes.into());
    }
    Ok(files)
}
