//! The contracts, read once from their descriptors when the gateway starts.
//!
//! Nothing here knows a method by its name: an RPC that is added to a contract is served, routed and documented without a
//! line of the gateway being touched. Whatever is wrong in a contract stops the start, with the name of the method.

mod router;
mod template;

use prost::DecodeError;
use prost_reflect::{DescriptorError, DescriptorPool};
use rpc::{Access, Method, MethodFault, Methods};

pub(crate) use router::{Body, FieldPath, Found, Route, Router, field_path};
pub(crate) use template::{Segment, Template};

/// Everything that the gateway knows of the contracts.
pub(crate) struct Contracts {
    methods: &'static Methods,
    /// The REST routes of all methods that the gateway serves.
    pub(crate) router: Router,
    /// The descriptors of the error details.
    pub(crate) errors: DescriptorPool,
}

/// Why the gateway does not start with these contracts.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Methods leave open what they must say.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Methods(Vec<MethodFault>),
    /// The descriptors cannot be read.
    #[error("the descriptors are unreadable: {0}")]
    Descriptors(#[from] DescriptorError),
    /// Reflection cannot be served.
    #[error("the contracts cannot be reflected: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The `OpenAPI` document cannot be written.
    #[error("the OpenAPI document cannot be written: {0}")]
    Document(#[from] serde_json::Error),
    /// Its comments are unreadable.
    #[error("the comments of the contracts are unreadable: {0}")]
    Comments(#[from] DecodeError),
    /// A file of the contracts has methods for everybody and methods for peers.
    #[error("{0} holds methods that only peers may call beside others: give them a file of their own")]
    HalfPublic(String),
    /// A REST address is wrong.
    #[error("{method}: the address \"{address}\": {reason}")]
    Address {
        /// The method.
        method: String,
        /// As the contract has it.
        address: String,
        /// The fault.
        reason: String,
    },
    /// Two methods have the same REST address.
    #[error("{first} and {second} have the same address: {address}")]
    Ambiguous {
        /// The method that had it first.
        first: String,
        /// The method that came second.
        second: String,
        /// The address that both have.
        address: String,
    },
}

impl Contracts {
    /// Reads the contracts of this build.
    pub(crate) fn read() -> Result<Self, ContractError> {
        let methods = contracts_all::CONTRACT.methods().map_err(ContractError::Methods)?;
        let router = Router::of(methods)?;
        let errors = DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)?;
        Ok(Self {
            methods,
            router,
            errors,
        })
    }

    /// The method at a path of the wire; none where there is none, or only peers may call it.
    pub(crate) fn served(&self, path: &str) -> Option<&'static Method> {
        self.methods.at(path).filter(|method| is_served(method))
    }
}

/// Every scope that a method asks for.
pub(crate) fn scopes(methods: &Methods) -> impl Iterator<Item = String> {
    methods.iter().flat_map(|method| match &method.access {
        Access::Scopes(scopes) => scopes.clone(),
        Access::Public | Access::Internal => Vec::new(),
    })
}

/// Whether callers from outside may know of a method.
pub(crate) fn is_served(method: &Method) -> bool {
    method.access != Access::Internal
}
