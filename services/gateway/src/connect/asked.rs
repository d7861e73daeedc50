use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use fault::Fault;
use http::header::CONTENT_TYPE;
use http::{Method as HttpMethod, Request};
use percent_encoding::percent_decode_str;
use rpc::Method;
use tonic::body::Body;

use crate::contract::Contracts;
use crate::rest::{RestError, Spelt};

/// The version of the protocol, where a caller names one.
const VERSION_HEADER: &str = "connect-protocol-version";
const VERSION: &str = "1";

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Proto,
}

impl Codec {
    fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "proto" => Some(Self::Proto),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Proto => "proto",
        }
    }
}

/// A call as its head tells it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: &'static Method,
    pub(crate) codec: Codec,
    /// Whether messages come in envelopes, as in every method with a stream.
    pub(crate) is_enveloped: bool,
    /// The message, where it came with the address.
    pub(crate) message: Option<Bytes>,
}

impl Asked {
    /// The call that a request makes: none where it is no request of Connect.
    pub(crate) fn of(contracts: &Contracts, request: &Request<Body>) -> Option<Result<Self, RestError>> {
        let method = contracts.served(request.uri().path())?;
        let asked = match *request.method() {
            HttpMethod::GET => Self::of_query(method, request.uri().query()?),
            HttpMethod::POST => {
                let content_type = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
                Self::of_content_type(method, content_type)
            }
            _ => None,
        }?;
        let version = request.headers().get(VERSION_HEADER);
        Some(match version.is_none_or(|version| version == VERSION) {
            true => asked,
            false => Err(Fault::invalid(VERSION_HEADER, format!("is read here in version {VERSION} alone")).into()),
        })
    }

    /// The media type of the answer.
    pub(crate) fn content_type(&self) -> &'static str {
        match (self.is_enveloped, self.codec) {
            (false, Codec::Json) => "application/json",
            (false, Codec::Proto) => "application/proto",
            (true, Codec::Json) => "application/connect+json",
            (true, Codec::Proto) => "application/connect+proto",
        }
    }

    /// A refusal that names fields as the caller would: in protobuf they have the contract's names alone.
    pub(crate) fn spelled(&self, error: RestError, spelling: &Spelt) -> RestError {
        match self.codec {
            Codec::Json => error.respelled(spelling.of_all().whole()),
            Codec::Proto => error,
        }
    }

    fn of_content_type(method: &'static Method, content_type: &str) -> Option<Result<Self, RestError>> {
        let media_type = content_type.split(';').next()?.trim().to_ascii_lowercase();
        let subtype = media_type.strip_prefix("application/")?;
        let (is_enveloped, codec) = match subtype.strip_prefix("connect+") {
            Some(name) => (true, Codec::named(name)?),
            None => (false, Codec::named(subtype)?),
        };
        if is_enveloped != has_stream(method) {
            return Some(Err(RestError::unsupported(of_other_shape(method, codec))));
        }
        Some(Ok(Self {
            method,
            codec,
            is_enveloped,
            message: None,
        }))
    }

    /// A call by GET, which may be cached and repeated by anything on its way.
    fn of_query(method: &'static Method, query: &str) -> Option<Result<Self, RestError>> {
        let parameter = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
            values.next()
        };
        if parameter("connect") != Some("v1") {
            return None;
        }
        if has_stream(method) || !method.read_only {
            return Some(Err(RestError::other_methods(&HttpMethod::GET, &[&HttpMethod::POST])));
        }
        if parameter("compression").is_some_and(|name| !matches!(name, "" | "identity")) {
            let message = "a message in an address is read as it is, without compression".to_owned();
            return Some(Err(RestError::unsupported(message)));
        }
        let Some(codec) = parameter("encoding").and_then(Codec::named) else {
            return Some(Err(Fault::invalid("encoding", "must be json or proto").into()));
        };
        let message = message(
            parameter("message").unwrap_or_default(),
            parameter("base64") == Some("1"),
        );
        Some(message.map_err(RestError::from).map(|message| Self {
            method,
            codec,
            is_enveloped: false,
            message: Some(message),
        }))
    }
}

fn has_stream(method: &Method) -> bool {
    method.descriptor.is_client_streaming() || method.descriptor.is_server_streaming()
}

fn of_other_shape(method: &Method, codec: Codec) -> String {
    let (name, codec) = (method.full_name, codec.name());
    match has_stream(method) {
        true => format!("{name} has a stream: send application/connect+{codec}"),
        false => format!("{name} takes one message and answers with one: send application/{codec}"),
    }
}

/// The message of a query, whose base64 may be padded or not.
fn message(written: &str, is_base64: bool) -> Result<Bytes, Fault> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let with_blanks: Cow<'_, str> = match written.contains('+') {
        true => written.replace('+', " ").into(),
        false => written.into(),
    };
    let bytes: Vec<u8> = percent_decode_str(&with_blanks).collect();
    if !is_base64 {
        return Ok(bytes.into());
    }
    let engine = GeneralPurpose::new(&URL_SAFE, LENIENT);
    let decoded = engine.decode(&bytes);
    decoded.map(Bytes::from).map_err(|error| {
        Fault::invalid(
            "message",
            format!("is no base64 with the alphabet for addresses: {error}"),
        )
    })
}
