//! The generated messages, clients, servers and descriptors of everything under `proto/`. No logic.
//!
//! `contracts::points::v1` is the package `quanyu.points.v1`. Every message that arrives at a server has
//! its identifiers in their one form ([`text`]) and has passed the rules of its contract ([`codec`]).

pub mod codec;
mod kind;
mod money;
pub mod text;
mod unreadable;
mod words;

/// As the build wrote it. Its documentation is the contracts' own comments.
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    rustdoc::all
)]
mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

#[allow(unused_imports, unused_mut, clippy::all, clippy::pedantic, clippy::restriction)]
mod rules {
    use crate::packages::{buf, google, quanyu};
    include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
}

#[allow(clippy::all, clippy::pedantic, clippy::restriction)]
mod declared {
    include!(concat!(env!("OUT_DIR"), "/options.rs"));
    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

use std::sync::OnceLock;

pub use packages::quanyu::*;
use prost_reflect::{DescriptorPool, FieldDescriptor};
pub use unreadable::Unreadable;
pub use words::must_be_one_of;

/// Every contract as a `google.protobuf.FileDescriptorSet`, with imports, options and comments.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));

/// Whether the texts of a field are identifiers, which have one form: see `quanyu.options.v1.TextKind`.
pub fn is_identifier(field: &FieldDescriptor) -> bool {
    kind::is_identifier(field)
}

/// The descriptors of every contract, with their options.
pub fn descriptors() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = DescriptorPool::decode(DESCRIPTOR_SET);
        assert!(
            pool.is_ok(),
            "the build wrote a descriptor set that does not decode: {:?}",
            pool.err()
        );
        pool.unwrap_or_default()
    })
}
