//! Between the contract's messages and the domain's values. Past this border only domain values exist.

mod answer;
mod arrival;
mod blocked_value;
mod profile;
mod reasons;

pub(crate) use answer::{channel, identity, member, note, refusal, resolution};
pub(crate) use arrival::{Importable, arrival, checked_arrival, evidence, heed, key};
pub(crate) use blocked_value::{blocked_entry, blocked_value};
pub(crate) use profile::{profile, profile_changes};
pub(crate) use reasons::{link_fault, merge_fault, no_merge_fault, undo_fault, unlink_fault};

use std::str::FromStr;

use contracts::identity::v1 as proto;
use fault::Fault;
use kernel::{Id, IdError};

use crate::domain::{Kind, Proof};

/// The domain's kind; none for values that the contract's rules keep out.
fn kind(kind: proto::IdentityKind) -> Option<Kind> {
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

fn proof(proof: proto::Proof) -> Option<Proof> {
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
