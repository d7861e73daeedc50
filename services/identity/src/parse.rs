//! Between the contract's messages and the domain's values. Past this border only domain values exist.

use std::str::FromStr;

use contracts::identity::v1 as proto;
use fault::Fault;
use kernel::{Id, IdError};

use crate::graph::identity::Proof;
use crate::graph::key::Kind;

/// The domain's kind; none for values that the contract's rules keep out.
pub(crate) fn kind(kind: proto::IdentityKind) -> Option<Kind> {
    match kind {
        proto::IdentityKind::Unspecified => None,
        proto::IdentityKind::ExternalId => Some(Kind::ExternalId),
        proto::IdentityKind::UnionId => Some(Kind::UnionId),
        proto::IdentityKind::Phone => Some(Kind::Phone),
        proto::IdentityKind::Email => Some(Kind::Email),
        proto::IdentityKind::CardNumber => Some(Kind::CardNumber),
        proto::IdentityKind::Device => Some(Kind::Device),
    }
}

pub(crate) fn proof(proof: proto::Proof) -> Option<Proof> {
    match proof {
        proto::Proof::Unspecified => None,
        proto::Proof::None => Some(Proof::None),
        proto::Proof::Platform => Some(Proof::Platform),
        proto::Proof::Code => Some(Proof::Code),
        proto::Proof::Presented => Some(Proof::Presented),
        proto::Proof::Operator => Some(Proof::Operator),
    }
}

/// Parses an id in the field `path`.
pub(crate) fn id<K: kernel::Kind>(path: &str, text: &str) -> Result<Id<K>, Fault> {
    Id::from_str(text).map_err(|error: IdError| Fault::invalid(path, error.to_string()))
}
