use std::collections::BTreeMap;

use contracts::codec::Incoming;
use contracts::identity::v1 as proto;
use contracts::identity::v1::ErrorReason;
use fault::{Fault, Violations, together};
use kernel::Time;

use super::identity::{Evidence, Proof};
use super::key::Slot;
use super::key::{Key, Kind};
use super::refusals::link_fault;
use super::value::Value;
use super::wire::{parse_kind, parse_proof};
use super::{Arrival, LinkError};
use crate::blocked_value::Blocklist;
use crate::channel::{Channel, Channels};
use crate::profile::Source;
use crate::profile::wire::profile;

/// Whether an arrival may do without an external id: only as a row of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Importable {
    Yes,
    No,
}

/// Parses an arrival. Refuses all wrong fields at once, or else a value that its channel does not allow.
pub(crate) fn arrival(
    wire: &proto::Arrival,
    channels: &Channels,
    importable: Importable,
    now: Time,
) -> Result<Arrival, Fault> {
    let mut violations = Violations::new();
    let (code, external_id) = (given(&wire.channel_code), given(&wire.external_id));
    match importable {
        Importable::No => {
            violations.check(code.is_some(), "arrival.channel_code", "must name the channel");
            violations.check(external_id.is_some(), "arrival.external_id", "must not be blank");
        }
        Importable::Yes => {
            let named = code.is_some() || external_id.is_none();
            violations.check(
                named,
                "arrival.channel_code",
                "must name the channel of the external id",
            );
        }
    }
    let mut pieces = Vec::with_capacity(wire.evidence.len());
    for (index, piece) in wire.evidence.iter().enumerate() {
        pieces.extend(Piece::parse(
            piece,
            code,
            &format!("arrival.evidence[{index}]."),
            &mut violations,
        ));
    }
    let source = code.map_or(Source::Import, |code| Source::Channel(code.to_owned()));
    let profile = profile(wire.profile.as_ref(), &source, now, &mut violations);
    violations.finish()?;
    // The fields are right by themselves; the checks from here on depend on the channels.
    let channel = code.map(|code| channel(code, channels)).transpose()?;
    let anchor = match (channel, external_id) {
        (Some(channel), Some(external_id)) => Some(anchor(channel, external_id)?),
        _ => None,
    };
    let evidence: Result<Vec<Evidence>, Fault> = pieces.into_iter().map(|piece| piece.evidence(channels)).collect();
    Ok(Arrival {
        channel: code.map(ToOwned::to_owned),
        anchor,
        evidence: evidence?,
        profile,
        register_time: None,
    })
}

/// The arrival without the values that its tenant has blocked: only the others are the person's.
pub(crate) fn heed(arrival: Arrival, blocklist: &Blocklist) -> Result<Arrival, Fault> {
    let arrival = arrival.heeding(blocklist).map_err(link_fault)?;
    check_one_of_a_kind(arrival.anchor.as_ref(), &arrival.evidence)?;
    Ok(arrival)
}

/// The same as [`arrival()`] for one of many arrivals, whose shape was not checked when it was decoded: a wrong one refuses no other.
pub(crate) fn checked_arrival(wire: &proto::Arrival, channels: &Channels, now: Time) -> Result<Arrival, Fault> {
    // Under the rules of the method for a single one.
    let alone = proto::ResolveMemberRequest {
        request_id: "one of many".to_owned(),
        arrival: Some(wire.clone()),
    };
    together(alone.check(), arrival(wire, channels, Importable::No, now))
}

/// Parses a piece of evidence that stands alone.
pub(crate) fn evidence(wire: &proto::Evidence, channels: &Channels) -> Result<Evidence, Fault> {
    lone_piece(wire, "evidence.")?.evidence(channels)
}

/// Parses the key of an identity that is looked up.
pub(crate) fn key(wire: &proto::LookUpMemberRequest, channels: &Channels) -> Result<Key, Fault> {
    let piece = proto::Evidence {
        kind: wire.kind,
        value: wire.value.clone(),
        proof: proto::Proof::Platform.into(),
        channel_code: wire.channel_code.clone(),
    };
    Ok(lone_piece(&piece, "")?.evidence(channels)?.key)
}

fn lone_piece(wire: &proto::Evidence, path: &str) -> Result<Piece, Fault> {
    let mut violations = Violations::new();
    let piece = Piece::parse(wire, None, path, &mut violations);
    violations.finish()?;
    piece.ok_or_else(|| Fault::internal("evidence without violations has no value"))
}

/// A piece of evidence by itself; its scope depends on the channels.
struct Piece {
    kind: Kind,
    value: Value,
    proof: Proof,
    channel: Option<String>,
}

impl Piece {
    /// Parses a piece whose fields are found under `path`; none if a violation was noted.
    fn parse(
        wire: &proto::Evidence,
        arrival_channel: Option<&str>,
        path: &str,
        violations: &mut Violations,
    ) -> Option<Self> {
        let (kind, proof) = (parse_kind(wire.kind())?, parse_proof(wire.proof())?);
        let value = violations.parse(format!("{path}value"), Value::parse(kind, &wire.value));
        let channel = given(&wire.channel_code).or(arrival_channel);
        let is_scoped = matches!(kind, Kind::ExternalId | Kind::UnionId);
        violations.check(
            channel.is_some() || !is_scoped,
            format!("{path}channel_code"),
            "must name the channel whose id it is",
        );
        Some(Self {
            kind,
            value: value?,
            proof,
            channel: channel.map(ToOwned::to_owned),
        })
    }

    fn evidence(self, channels: &Channels) -> Result<Evidence, Fault> {
        let channel = self
            .channel
            .as_deref()
            .map(|code| channel(code, channels))
            .transpose()?;
        let key = Key {
            kind: self.kind,
            scope: scope(self.kind, channel)?,
            value: self.value.text,
        };
        Ok(Evidence {
            key,
            proof: self.proof,
            blocked: self.value.blocked,
            source_channel: self.channel,
        })
    }
}

/// The scope within which ids of a kind are unique: app-level ids in their channel, union-level ids in its union.
fn scope(kind: Kind, channel: Option<&Channel>) -> Result<String, Fault> {
    match kind {
        Kind::ExternalId => Ok(channel.map(|channel| channel.code.clone()).unwrap_or_default()),
        Kind::UnionId => match channel {
            Some(Channel {
                union_code: Some(union),
                ..
            }) => Ok(union.clone()),
            Some(Channel {
                code, union_code: None, ..
            }) => Err(without_union(code)),
            None => Ok(String::new()),
        },
        Kind::CardNumber | Kind::Phone | Kind::Email | Kind::Device => Ok(String::new()),
    }
}

fn without_union(code: &str) -> Fault {
    let message =
        format!("the channel {code} belongs to no union, so it has no union ids: create it with a union_code");
    Fault::refused(ErrorReason::ChannelWithoutUnion, message).with("channel_code", code)
}

fn anchor(channel: &Channel, external_id: &str) -> Result<Key, Fault> {
    let value = Value::parse(Kind::ExternalId, external_id);
    let value = value.map_err(|error| Fault::invalid("arrival.external_id", error.to_string()))?;
    let key = Key {
        kind: Kind::ExternalId,
        scope: channel.code.clone(),
        value: value.text,
    };
    if value.blocked {
        Err(link_fault(LinkError::Blocked(key)))
    } else {
        Ok(key)
    }
}

/// One arrival is one person, who has one id of each kind: refuses two that are proved and differ.
fn check_one_of_a_kind(anchor: Option<&Key>, evidence: &[Evidence]) -> Result<(), Fault> {
    let mut held: BTreeMap<Slot<'_>, &str> = anchor.map(|key| (key.slot(), &*key.value)).into_iter().collect();
    let mut violations = Violations::new();
    for (index, piece) in evidence.iter().enumerate().filter(|(_, piece)| piece.leads()) {
        let first = *held.entry(piece.key.slot()).or_insert(&piece.key.value);
        violations.check(
            first == piece.key.value,
            format!("arrival.evidence[{index}]"),
            "must not be a second proved id of its kind: one person has one",
        );
    }
    violations.finish()
}

fn channel<'c>(code: &str, channels: &'c Channels) -> Result<&'c Channel, Fault> {
    channels.get(code).ok_or_else(|| Fault::not_found("channel", code))
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
