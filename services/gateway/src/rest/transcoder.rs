use bytes::Bytes;
use contracts::Contract;
use fault::Fault;
use prost_reflect::DynamicMessage;
use rpc::Method;

use super::json::Spellings;
use super::{RestError, answer, body};
use crate::contract::{ContractError, Found, Route, Router};
use crate::edge::Exposure;

/// What the gateway makes of the requests and answers of a contract, without a service behind it: for those who hold it
/// against others.
#[derive(Debug)]
pub struct Transcoder {
    router: Router,
}

impl Transcoder {
    /// Of a contract. Refuses one that the gateway would not start with.
    pub fn new(contract: &'static Contract) -> Result<Self, ContractError> {
        let methods = contract.methods().map_err(ContractError::Methods)?;
        let router = Router::of(methods)?;
        Ok(Self { router })
    }

    /// The method that a request leads to and its request message, or why there is none, with the status of HTTP.
    pub fn request(
        &self,
        http_method: &http::Method,
        uri: &http::Uri,
        json: &Bytes,
    ) -> Result<(&'static Method, DynamicMessage), (http::StatusCode, String)> {
        let read = match self.router.find(http_method, uri.path()) {
            Found::Route(route, segments) => {
                let query = uri.query().unwrap_or_default();
                body::message(route, &segments, query, json, &mut Spellings::default())
                    .map(|message| (route.method, message))
                    .map_err(RestError::from)
            }
            Found::OtherMethods(others) => Err(RestError::other_methods(http_method, &others)),
            Found::Nothing => Err(RestError::no_address(uri.path(), Exposure::On)),
        };
        read.map_err(|error| (error.http_status(), error.status.message().to_owned()))
    }

    /// The body of the HTTP answer that a method's answer becomes, where a request like this one asked.
    pub fn answer(&self, http_method: &http::Method, path: &str, answer: &DynamicMessage) -> Result<Vec<u8>, Fault> {
        let part = match self.router.find(http_method, path) {
            Found::Route(Route { response_body, .. }, _) => response_body.as_ref(),
            Found::OtherMethods(_) | Found::Nothing => None,
        };
        answer::body(answer, part).map_err(Fault::internal)
    }

    /// A message as the gateway writes it.
    pub fn write(message: &DynamicMessage) -> Result<Vec<u8>, Fault> {
        answer::body(message, None).map_err(Fault::internal)
    }
}
