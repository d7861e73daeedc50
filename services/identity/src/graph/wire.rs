//! The domain's values as the contract's messages.

use contracts_identity::v1 as proto;

use super::Resolution;
use super::identity::{Identity, Proof};
use super::key::Kind;
use super::member::Member;
use super::recognition::{Outcome, Verdict};
use crate::profile::{Field, Profile};

pub(crate) fn member(member: &Member) -> proto::Member {
    let sources = member
        .profile
        .iter()
        .map(|(field, attribute)| (field.name(), attribute.source.code()));
    proto::Member {
        member_id: member.id.to_string(),
        profile: Some(profile(&member.profile)),
        profile_sources: sources
            .map(|(field, source)| (field.to_owned(), source.to_owned()))
            .collect(),
        identities: member.identities.iter().map(identity).collect(),
        register_time: Some(member.register_time.to_wire()),
        update_time: Some(member.update_time.to_wire()),
        etag: member.version.to_string(),
    }
}

fn profile(profile: &Profile) -> proto::Profile {
    let value = |field| profile.value(field).to_owned();
    let gender = match profile.value(Field::Gender) {
        "female" => proto::Gender::Female,
        "male" => proto::Gender::Male,
        "other" => proto::Gender::Other,
        _ => proto::Gender::Unspecified,
    };
    proto::Profile {
        name: value(Field::Name),
        gender: gender.into(),
        birth_date: value(Field::BirthDate),
        province: value(Field::Province),
        city: value(Field::City),
        address: value(Field::Address),
    }
}

pub(crate) fn identity(identity: &Identity) -> proto::Identity {
    let proof = match identity.proof {
        Proof::None => proto::Proof::None,
        Proof::Platform => proto::Proof::Platform,
        Proof::Code => proto::Proof::Code,
        Proof::Presented => proto::Proof::Presented,
        Proof::Operator => proto::Proof::Operator,
    };
    proto::Identity {
        identity_id: identity.id.to_string(),
        kind: kind(identity.key.kind).into(),
        scope: identity.key.scope.clone(),
        value: identity.key.value.clone(),
        proof: proof.into(),
        verified: identity.verified,
        source_channel_code: identity.source_channel.clone().unwrap_or_default(),
        link_time: Some(identity.link_time.to_wire()),
    }
}

pub(crate) fn kind(kind: Kind) -> proto::IdentityKind {
    match kind {
        Kind::ExternalId => proto::IdentityKind::ExternalId,
        Kind::UnionId => proto::IdentityKind::UnionId,
        Kind::Phone => proto::IdentityKind::Phone,
        Kind::Email => proto::IdentityKind::Email,
        Kind::CardNumber => proto::IdentityKind::CardNumber,
        Kind::Device => proto::IdentityKind::Device,
    }
}

pub(crate) fn resolution(resolution: &Resolution) -> proto::Resolution {
    let outcome = match resolution.outcome {
        Outcome::Found => proto::ResolutionOutcome::Found,
        Outcome::Created => proto::ResolutionOutcome::Created,
        Outcome::Linked => proto::ResolutionOutcome::Linked,
        Outcome::Merged => proto::ResolutionOutcome::Merged,
    };
    proto::Resolution {
        member_id: resolution.member.to_string(),
        outcome: outcome.into(),
        evidence_results: resolution.verdicts.iter().copied().map(evidence_result).collect(),
        absorbed_member_ids: resolution.absorbed.iter().map(ToString::to_string).collect(),
    }
}

fn evidence_result(verdict: Verdict) -> proto::EvidenceResult {
    let (outcome, conflicting) = match verdict {
        Verdict::Confirmed | Verdict::Linked => (proto::EvidenceOutcome::Confirmed, None),
        Verdict::Claimed => (proto::EvidenceOutcome::Claimed, None),
        Verdict::Blocked => (proto::EvidenceOutcome::Blocked, None),
        Verdict::Conflict(other) => (proto::EvidenceOutcome::Conflict, Some(other)),
        Verdict::Occupied => (proto::EvidenceOutcome::Occupied, None),
        Verdict::LimitReached => (proto::EvidenceOutcome::LimitReached, None),
    };
    proto::EvidenceResult {
        outcome: outcome.into(),
        conflicting_member_id: conflicting.map(|member| member.to_string()).unwrap_or_default(),
    }
}

/// The note on a piece of evidence that was left out of an imported row; none on one that was taken.
pub(crate) fn note(index: usize, verdict: Verdict) -> Option<proto::RowNote> {
    let message = match verdict {
        Verdict::Confirmed | Verdict::Linked | Verdict::Claimed => return None,
        Verdict::Blocked => "it can stand for nobody (a placeholder, a test value): left out".to_owned(),
        Verdict::Conflict(other) => {
            format!("it is {other}'s, who is another person: noted as a claim; merge the two by hand if they are one")
        }
        Verdict::Occupied => {
            "the member has another verified one, which stays: noted as a claim; unlink the old one to replace it"
                .to_owned()
        }
        Verdict::LimitReached => "the member has as many ids as a member may have: left out".to_owned(),
    };
    Some(proto::RowNote {
        field: format!("arrival.evidence[{index}]"),
        outcome: evidence_result(verdict).outcome,
        message,
    })
}

/// The kind of an identity; none for values that the contract's rules keep out.
pub(crate) fn parse_kind(kind: proto::IdentityKind) -> Option<Kind> {
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

pub(crate) fn parse_proof(proof: proto::Proof) -> Option<Proof> {
    match proof {
        proto::Proof::Unspecified => None,
        proto::Proof::None => Some(Proof::None),
        proto::Proof::Platform => Some(Proof::Platform),
        proto::Proof::Code => Some(Proof::Code),
        proto::Proof::Presented => Some(Proof::Presented),
        proto::Proof::Operator => Some(Proof::Operator),
    }
}
