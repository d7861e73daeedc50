//! What all contracts share: the generated messages of the packages that every service uses, how messages are read and
//! written, and what a contract declares. No logic.
//!
//! The package `quanyu.points.v1` is `contracts_points::v1`, a crate of its own beside this one; `quanyu.type.v1` and
//! `quanyu.events.internal.v1`, which have no service of theirs, are here as `contracts::r#type::v1` and
//! `contracts::events::internal::v1`. So a change of one package rebuilds what uses it, and nothing else. Each crate of
//! contracts has a [`Contract`]; `contracts-all` has the one of all packages, for the gateway and the platform.
//!
//! Every message that arrives at a server has its identifiers in their one form ([`text`]) and has passed the rules of its
//! contract ([`codec`]).

#![cfg_attr(test, allow(clippy::unwrap_used))]

// The generated code names this crate as every other crate of contracts does.
extern crate self as contracts;

pub mod codec;
mod contract;
mod kind;
mod methods;
mod money;
mod package;
pub mod text;
mod unreadable;
pub mod words;

package!(imports: []);

pub use contract::{Contract, Files};
pub use methods::{Access, Method, MethodFault, Methods};
pub use packages::quanyu::*;
use prost_reflect::FieldDescriptor;
pub use unreadable::{Unreadable, beside};
pub use words::must_be_one_of_its;

/// Whether the texts of a field are identifiers, which have one form: see `quanyu.options.v1.TextKind`.
pub fn is_identifier(field: &FieldDescriptor) -> bool {
    kind::is_identifier(field)
}
